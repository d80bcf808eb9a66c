// Command release builds what is published of a version, the same bytes each time: for
// every platform a static binary of each program in an archive with completions, manual
// pages, what deploy/ has, a list of all modules (CycloneDX) and the checksums of all.
//
//	go run ./internal/release -version v1.2.3 -out dist
//	go run ./internal/release -version v1.2.3 -out dist -check    (builds twice and compares)
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// platforms are those that a release has.
func platforms() []string {
	return []string{"darwin/amd64", "darwin/arm64", "linux/amd64", "linux/arm64", "windows/amd64", "windows/arm64"}
}

func main() {
	version := flag.String("version", "dev", "version to stamp")
	out := flag.String("out", "dist", "folder to write into")
	only := flag.String("only", "", "one platform, such as linux/arm64")
	check := flag.Bool("check", false, "build again, without the build cache, and compare")
	flag.Parse()
	targets := platforms()
	if *only != "" {
		targets = []string{*only}
	}
	r := release{version: *version, targets: targets}
	err := r.build(*out, false)
	if err == nil && *check {
		err = r.compare(*out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

type release struct {
	version string
	targets []string
}

// file is one file of an archive.
type file struct {
	name string
	mode int64
	data []byte
}

// build writes all archives, their lists of modules, and SHA256SUMS. anew compiles every
// package again.
func (r release) build(out string, anew bool) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	shared, err := r.shared()
	if err != nil {
		return err
	}
	var sums strings.Builder
	for _, target := range r.targets {
		system, arch, ok := strings.Cut(target, "/")
		if !ok {
			return fmt.Errorf("platform %q: want such as linux/arm64", target)
		}
		files, modules, err := r.programs(system, arch, anew)
		if err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
		name := fmt.Sprintf("cairn_%s_%s_%s", r.version, system, arch)
		archive, err := pack(name, append(files, shared...))
		if err != nil {
			return err
		}
		for _, f := range []file{{name + ".tar.gz", 0, archive}, {name + ".cdx.json", 0, modules}} {
			if err := os.WriteFile(filepath.Join(out, f.name), f.data, 0o644); err != nil {
				return err
			}
			fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(f.data), f.name)
		}
		fmt.Println("built", name)
	}
	return os.WriteFile(filepath.Join(out, "SHA256SUMS"), []byte(sums.String()), 0o644)
}

// compare builds once more and looks for a byte that differs.
func (r release) compare(out string) error {
	again, err := os.MkdirTemp("", "cairn-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(again)
	if err := r.build(again, true); err != nil {
		return err
	}
	var sums [2][]byte
	for i, dir := range []string{out, again} {
		if sums[i], err = os.ReadFile(filepath.Join(dir, "SHA256SUMS")); err != nil {
			return err
		}
	}
	if !bytes.Equal(sums[0], sums[1]) {
		return fmt.Errorf("two builds differ:\n%s\n%s", sums[0], sums[1])
	}
	fmt.Println("built twice: the same bytes")
	return nil
}

// programs compiles the programs for a platform and lists the modules in them.
func (r release) programs(system, arch string, anew bool) (files []file, modules []byte, err error) {
	tmp, err := os.MkdirTemp("", "cairn-build-")
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid= -X main.version=" + r.version, "-o", tmp + string(filepath.Separator)}
	if anew {
		args = append(args, "-a")
	}
	if err := goTool(system, arch, append(args, "./cmd/cairn", "./cmd/cairn-testnet")...); err != nil {
		return nil, nil, err
	}
	for _, program := range []string{"cairn", "cairn-testnet"} {
		name := program
		if system == "windows" {
			name += ".exe"
		}
		at := filepath.Join(tmp, name)
		b, err := os.ReadFile(at)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, file{name, 0o755, b})
		if program == "cairn" {
			if modules, err = bom(at, r.version, b); err != nil {
				return nil, nil, err
			}
		}
	}
	return files, modules, nil
}

// goTool runs the Go tool for a platform.
func goTool(system, arch string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOOS="+system, "GOARCH="+arch, "GOAMD64=v1", "GOARM64=v8.0")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}

// shared are the files that every archive has: what the program itself writes, and what
// lies in the repository.
func (r release) shared() ([]file, error) {
	tmp, err := os.MkdirTemp("", "cairn-shared-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	self := filepath.Join(tmp, "cairn")
	if err := goTool(runtime.GOOS, runtime.GOARCH, "build", "-ldflags", "-X main.version="+r.version, "-o", self, "./cmd/cairn"); err != nil {
		return nil, err
	}
	var files []file
	for shell, name := range map[string]string{"bash": "cairn.bash", "zsh": "_cairn", "fish": "cairn.fish"} {
		script, err := exec.Command(self, "completion", shell).Output()
		if err != nil {
			return nil, fmt.Errorf("completion %s: %w", shell, err)
		}
		files = append(files, file{"completions/" + name, 0o644, script})
	}
	if err := exec.Command(self, "man", filepath.Join(tmp, "man1")).Run(); err != nil {
		return nil, fmt.Errorf("manual: %w", err)
	}
	pages, err := tree(tmp, "man1")
	if err != nil {
		return nil, err
	}
	files = append(files, pages...)
	for _, name := range []string{"LICENSE", "README.md", "deploy", "examples"} {
		found, err := tree(".", name)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

// tree reads a file, or all files of a folder.
func tree(root, name string) (files []file, err error) {
	err = filepath.WalkDir(filepath.Join(root, name), func(at string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(at)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, at)
		files = append(files, file{filepath.ToSlash(rel), 0o644, b})
		return err
	})
	return files, err
}

// pack makes a tar.gz that says nothing of when, where and by whom it was made.
func pack(folder string, files []file) ([]byte, error) {
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	var b bytes.Buffer
	zip, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	w := tar.NewWriter(zip)
	for _, f := range files {
		err := w.WriteHeader(&tar.Header{Name: path.Join(folder, f.name), Mode: f.mode, Size: int64(len(f.data)), Format: tar.FormatUSTAR})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(w.Close(), zip.Close()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// component is a module in CycloneDX's words.
type component struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl,omitempty"`
	Hashes  []hash `json:"hashes,omitempty"`
}

type hash struct {
	Alg     string `json:"alg"`
	Content string `json:"content"`
}

// bom lists the modules that a binary was built from, as it says itself (CycloneDX 1.6).
// It has no serial number and no time, so that it is the same for the same binary.
func bom(at, version string, binary []byte) ([]byte, error) {
	info, err := buildinfo.ReadFile(at)
	if err != nil {
		return nil, err
	}
	list := struct {
		Format      string `json:"bomFormat"`
		SpecVersion string `json:"specVersion"`
		Version     int    `json:"version"`
		Metadata    struct {
			Component component `json:"component"`
		} `json:"metadata"`
		Components []component `json:"components"`
	}{Format: "CycloneDX", SpecVersion: "1.6", Version: 1}
	list.Metadata.Component = component{
		Type: "application", Name: "cairn", Version: version, PURL: "pkg:golang/" + info.Main.Path + "@" + version,
		Hashes: []hash{{"SHA-256", fmt.Sprintf("%x", sha256.Sum256(binary))}},
	}
	list.Components = append(list.Components, component{Type: "library", Name: "std", Version: info.GoVersion, PURL: "pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go")})
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		list.Components = append(list.Components, component{Type: "library", Name: m.Path, Version: m.Version, PURL: "pkg:golang/" + m.Path + "@" + m.Version})
	}
	return json.MarshalIndent(list, "", "  ")
}
