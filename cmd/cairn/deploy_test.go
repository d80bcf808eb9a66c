package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const deploy = "../../deploy/"

// The unit passes systemd's own checks, where systemd is, and is hardened.
func TestDeployUnit(t *testing.T) {
	unit, err := os.ReadFile(deploy + "systemd/cairn.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"Type=notify", "WatchdogSec=60s", "NoNewPrivileges=yes", "ProtectSystem=strict", "DynamicUser=yes", "CapabilityBoundingSet="} {
		if !slices.Contains(strings.Split(string(unit), "\n"), line) {
			t.Errorf("the unit lacks %s", line)
		}
	}
	if code, _, stderr := runIn(t, "", nil, "config", "check", deploy+"systemd/cairn.toml"); code != exitOK {
		t.Errorf("cairn.toml: %s", stderr)
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("SKIPPED: no systemd-analyze here, so that nobody has verified the unit")
	}
	// What the unit starts need not be installed where it is checked.
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cairn.service")
	if err := os.WriteFile(path, bytes.ReplaceAll(unit, []byte("/usr/local/bin/cairn"), []byte(self)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"verify", "--man=no", path}, {"security", "--offline=true", "--threshold=20", path}} {
		if out, err := exec.Command("systemd-analyze", args...).CombinedOutput(); err != nil || args[0] == "verify" && len(out) > 0 {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
		}
	}
}

// The image is static, runs as nobody in particular, and is made from the Go image alone.
func TestDeployImage(t *testing.T) {
	raw, err := os.ReadFile(deploy + "docker/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{}
	var from []string
	for line := range strings.Lines(string(raw)) {
		switch word, rest, _ := strings.Cut(strings.TrimSpace(line), " "); word {
		case "FROM":
			from = append(from, strings.Fields(rest)[0])
		case "ENV":
			for _, pair := range strings.Fields(rest) {
				name, value, _ := strings.Cut(pair, "=")
				vars[name] = value
			}
		}
	}
	if len(from) != 2 || !strings.HasPrefix(from[0], "golang:") || from[1] != "scratch" {
		t.Errorf("made from %q", from)
	}
	for _, line := range []string{"USER 65532:65532", `CMD ["daemon"]`, "CGO_ENABLED=0"} {
		if !strings.Contains(string(raw), line) {
			t.Errorf("the Dockerfile lacks %s", line)
		}
	}
	holdsSettings(t, "Dockerfile", vars)
}

// Every service of the compose file is told what a daemon understands, and joins through a
// service that there is.
func TestDeployCompose(t *testing.T) {
	doc := readYAML(t, deploy+"docker/compose.yaml")[0]
	services := at[map[string]any](t, doc, "services")
	if len(services) != 5 {
		t.Errorf("%d services", len(services))
	}
	for name, s := range services {
		vars := texts(at[map[string]any](t, s, "environment"))
		holdsSettings(t, name, vars)
		for _, seed := range strings.Split(vars["CAIRN_BOOTSTRAP"], ",") {
			if _, ok := services[strings.Split(seed, "/")[2]]; !ok {
				t.Errorf("%s joins through %s", name, seed)
			}
		}
		volume := at[string](t, s, "volumes", 0)
		if _, ok := at[map[string]any](t, doc, "volumes")[strings.TrimSuffix(volume, ":/data")]; !ok || volume != name+":/data" {
			t.Errorf("%s has the volume %s", name, volume)
		}
		if !at[bool](t, s, "read_only") || at[string](t, s, "cap_drop", 0) != "ALL" {
			t.Errorf("%s is not confined", name)
		}
	}
}

// The manifests fit each other: the headless service finds the pods before they are ready,
// they join through names that it gives, and their data is on the volume.
func TestDeployKubernetes(t *testing.T) {
	docs := map[string]map[string]any{}
	for _, d := range readYAML(t, deploy+"kubernetes/cairn.yaml") {
		docs[at[string](t, d, "kind")] = d
	}
	service, set := docs["Service"], docs["StatefulSet"]
	pod := at[map[string]any](t, set, "spec", "template", "spec")
	c := at[map[string]any](t, pod, "containers", 0)
	name := at[string](t, service, "metadata", "name")
	if at[string](t, service, "spec", "clusterIP") != "None" || !at[bool](t, service, "spec", "publishNotReadyAddresses") {
		t.Error("the service is not headless, or hides pods that are not ready")
	}
	labels := at[map[string]any](t, set, "spec", "template", "metadata", "labels")
	for what, other := range map[string]any{
		"the service":    at[map[string]any](t, service, "spec", "selector"),
		"the set":        at[map[string]any](t, set, "spec", "selector", "matchLabels"),
		"the disruption": at[map[string]any](t, docs["PodDisruptionBudget"], "spec", "selector", "matchLabels"),
	} {
		if fmt.Sprint(other) != fmt.Sprint(labels) {
			t.Errorf("%s selects %v, the pods have %v", what, other, labels)
		}
	}
	if at[string](t, set, "spec", "serviceName") != name || at[string](t, set, "spec", "podManagementPolicy") != "Parallel" {
		t.Error("the set is not of the service, or starts one pod after the other")
	}
	vars := map[string]string{}
	for i := range at[[]any](t, c, "env") {
		vars[at[string](t, c, "env", i, "name")] = at[string](t, c, "env", i, "value")
	}
	holdsSettings(t, "the pod", vars)
	for i := range at[int](t, set, "spec", "replicas") {
		if seed := fmt.Sprintf("/dns4/%s-%d.%s/tcp/7474", at[string](t, set, "metadata", "name"), i, name); !slices.Contains(strings.Split(vars["CAIRN_BOOTSTRAP"], ","), seed) {
			t.Errorf("the pods do not join through %s", seed)
		}
	}
	mount := at[string](t, c, "volumeMounts", 0, "mountPath")
	if !strings.HasPrefix(vars["CAIRN_DIR"], mount+"/") || at[string](t, c, "volumeMounts", 0, "name") != at[string](t, set, "spec", "volumeClaimTemplates", 0, "metadata", "name") {
		t.Errorf("the data is in %s, the volume at %s", vars["CAIRN_DIR"], mount)
	}
	for _, probe := range []string{"readinessProbe", "livenessProbe"} {
		var args []string
		for i := range at[[]any](t, c, probe, "exec", "command") {
			args = append(args, at[string](t, c, probe, "exec", "command", i))
		}
		parser, err := newParser(&cli{from: &sources{env: env{getenv: func(string) string { return "" }}}}, env{stdout: io.Discard, stderr: io.Discard})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(args[1:]); err != nil {
			t.Errorf("%s: %v", probe, err)
		}
	}
	if !at[bool](t, pod, "securityContext", "runAsNonRoot") || !at[bool](t, c, "securityContext", "readOnlyRootFilesystem") {
		t.Error("the pod is not confined")
	}
}

// holdsSettings reports variables that no daemon knows, and values that none would take.
func holdsSettings(t *testing.T, what string, vars map[string]string) {
	t.Helper()
	known := map[string]bool{}
	for _, f := range allSettings(t) {
		known[variable(f.Name)] = true
	}
	for name := range vars {
		if !known[name] {
			t.Errorf("%s: no setting has the variable %s", what, name)
		}
	}
	if code, _, stderr := runIn(t, "", vars, "config", "show"); code != exitOK {
		t.Errorf("%s: %s", what, stderr)
	}
}

func readYAML(t *testing.T, path string) (docs []map[string]any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for dec := yaml.NewDecoder(bytes.NewReader(raw)); ; {
		var d map[string]any
		if err := dec.Decode(&d); err == io.EOF {
			return docs
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		docs = append(docs, d)
	}
}

// at returns what is at a path of names and numbers.
func at[T any](t *testing.T, doc any, path ...any) T {
	t.Helper()
	for i, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := doc.(map[string]any)
			doc = m[s]
		case int:
			if list, _ := doc.([]any); s < len(list) {
				doc = list[s]
			} else {
				doc = nil
			}
		}
		if doc == nil {
			t.Fatalf("nothing at %v", path[:i+1])
		}
	}
	v, ok := doc.(T)
	if !ok {
		t.Fatalf("%v is a %T", path, doc)
	}
	return v
}

func texts(m map[string]any) map[string]string {
	out := map[string]string{}
	for _, k := range slices.Collect(maps.Keys(m)) {
		out[k] = fmt.Sprint(m[k])
	}
	return out
}
