package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

// An archive is the same whatever order its files came in, and has them in one folder.
func TestPack(t *testing.T) {
	files := []file{{"b", 0o755, []byte("two")}, {"a/c", 0o644, []byte("one")}}
	first, err := pack("cairn_v1", slices.Clone(files))
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(files)
	if second, err := pack("cairn_v1", files); err != nil || !bytes.Equal(first, second) {
		t.Errorf("two archives of the same files differ, %v", err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for r := tar.NewReader(zip); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
		if h.ModTime.Unix() != 0 || h.Uid != 0 || h.Uname != "" {
			t.Errorf("%s says when and by whom: %v %d %q", h.Name, h.ModTime, h.Uid, h.Uname)
		}
	}
	if strings.Join(names, " ") != "cairn_v1/a/c cairn_v1/b" {
		t.Errorf("files %q", names)
	}
}

// The list of modules is the binary's own: this test's has the standard library and no more.
func TestBOM(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := bom(self, "v1", []byte("binary"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		BOMFormat, SpecVersion string
		Components             []component
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	if list.BOMFormat != "CycloneDX" || list.SpecVersion != "1.6" || len(list.Components) != 1 || list.Components[0].Name != "std" {
		t.Errorf("%s", raw)
	}
}

func TestPlatforms(t *testing.T) {
	for _, system := range []string{"linux", "darwin", "windows"} {
		for _, arch := range []string{"amd64", "arm64"} {
			if !slices.Contains(platforms(), system+"/"+arch) {
				t.Errorf("no %s/%s", system, arch)
			}
		}
	}
}
