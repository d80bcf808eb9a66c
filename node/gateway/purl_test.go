package gateway

import (
	"errors"
	"strings"
	"testing"
)

func TestPurlCanonical(t *testing.T) {
	rows := []struct {
		name, want string
		p          purl
	}{
		{"scoped npm", "pkg:npm/%40angular/animation@12.3.1", purl{kind: "npm", namespace: []string{"@angular"}, name: "animation", version: "12.3.1"}},
		{"colon stays", "pkg:oci/debian@sha256:244f?arch=amd64&repository_url=docker.io%2Flibrary%2Fdebian&tag=latest",
			purl{kind: "oci", name: "debian", version: "sha256:244f", qualifiers: map[string]string{"tag": "latest", "repository_url": "docker.io/library/debian", "arch": "amd64"}}},
		{"empty qualifiers go", "pkg:oci/static", purl{kind: "oci", name: "static", qualifiers: map[string]string{"tag": ""}}},
		{"subpath", "pkg:github/package-url/purl-spec@244fd47e07d1004#everybody/loves/dogs",
			purl{kind: "github", namespace: []string{"package-url"}, name: "purl-spec", version: "244fd47e07d1004", subpath: []string{"everybody", "loves", "dogs"}}},
		{"everything else is encoded", "pkg:generic/a%20b%2Fc%25~_.-@1%2B2", purl{kind: "generic", name: "a b/c%~_.-", version: "1+2"}},
		{"UTF-8", "pkg:generic/%C3%BC", purl{kind: "generic", name: "ü"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := row.p.String(); got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
		})
	}
}

func TestPackages(t *testing.T) {
	digest := "sha256:" + strings.Repeat("ab", 32)
	rows := []struct {
		name string
		p    pkg
		want string // the package URL, or the reason's name
	}{
		{"npm", pkg{registry: "npm", name: "left-pad", version: "1.3.0"}, "pkg:npm/left-pad@1.3.0"},
		{"npm in capitals", pkg{registry: "NPM", name: "left-pad"}, "pkg:npm/left-pad"},
		{"npm, private scope kept", pkg{registry: "npm", name: "@a.b/c_d", version: "1.0.0-rc.1+x"}, "pkg:npm/%40a.b/c_d@1.0.0-rc.1%2Bx"},
		{"npm, a GitHub name", pkg{registry: "npm", name: "owner/repo"}, "ErrNoLocation"},
		{"npm, latest is no version", pkg{registry: "npm", name: "left-pad", version: "latest"}, "pkg:npm/left-pad"},
		{"npm, a range is no version", pkg{registry: "npm", name: "left-pad", version: ">=1 <2"}, "pkg:npm/left-pad"},
		{"npm, other registry", pkg{registry: "npm", name: "x", base: "https://npm.example.org/"}, "pkg:npm/x?repository_url=https:%2F%2Fnpm.example.org"},
		{"npm, private registry", pkg{registry: "npm", name: "x", base: "https://npm.corp.internal"}, "ErrPrivate"},
		{"npm, usual registry", pkg{registry: "npm", name: "x", base: "https://registry.npmjs.org"}, "pkg:npm/x"},
		{"pypi is folded", pkg{registry: "pypi", name: "My_Tool.Kit", version: "2.0"}, "pkg:pypi/my-tool.kit@2.0"},
		{"pypi, with a slash", pkg{registry: "pypi", name: "owner/tool"}, "ErrNoLocation"},
		{"nuget", pkg{registry: "nuget", name: "Example.Tool", version: "1.0.0"}, "pkg:nuget/Example.Tool@1.0.0"},
		{"cargo", pkg{registry: "cargo", name: "stone_counter"}, "pkg:cargo/stone_counter"},
		{"unknown registry", pkg{registry: "unknown", name: "x"}, "ErrNoLocation"},
		{"no registry", pkg{name: "x"}, "ErrNoLocation"},
		{"no name", pkg{registry: "npm"}, "ErrNoLocation"},
		{"template", pkg{registry: "npm", name: "@<owner>/<name>"}, "ErrTemplate"},
		{"control characters", pkg{registry: "npm", name: "a\x1b[31mb"}, "ErrTemplate"},
		{"invisible characters", pkg{registry: "npm", name: "a\u200bb"}, "ErrNoLocation"},

		{"image of Docker Hub", pkg{registry: "docker", name: "mcp/filesystem", version: "1.0.2"}, "pkg:docker/mcp/filesystem@1.0.2"},
		{"image without owner", pkg{registry: "docker", name: "redis"}, "pkg:docker/redis"},
		{"image with a tag", pkg{registry: "oci", name: "docker.io/mcp/x:2"}, "pkg:docker/mcp/x@2"},
		{"image elsewhere", pkg{registry: "oci", name: "ghcr.io/a/b/c:1.0"}, "pkg:oci/c?repository_url=ghcr.io%2Fa%2Fb%2Fc&tag=1.0"},
		{"image by digest", pkg{registry: "oci", name: "ghcr.io/a/b:1@" + digest}, "pkg:oci/b@" + digest + "?repository_url=ghcr.io%2Fa%2Fb&tag=1"},
		{"image, registry apart", pkg{registry: "oci", name: "a/b", version: "1", base: "https://ghcr.io"}, "pkg:oci/b?repository_url=ghcr.io%2Fa%2Fb&tag=1"},
		{"image with port", pkg{registry: "oci", name: "registry.example.org:5000/a:1"}, "pkg:oci/a?repository_url=registry.example.org:5000%2Fa&tag=1"},
		{"image on this machine", pkg{registry: "oci", name: "localhost:5000/a"}, "ErrPrivate"},
		{"image with a scope", pkg{registry: "docker", name: "@scope/a"}, "ErrNoLocation"},
		{"image with a login", pkg{registry: "oci", name: "https://me:hunter2@ghcr.io/a/b"}, "ErrInvalid"},
		{"image page of Docker Hub", pkg{registry: "oci", name: "https://hub.docker.com/r/mcp/x"}, "pkg:docker/mcp/x"},
		{"image with a path that climbs", pkg{registry: "oci", name: "ghcr.io/../x"}, "ErrNoLocation"},

		{"bundle", pkg{registry: "mcpb", name: "https://dl.example.org/x.mcpb", version: "1"}, "pkg:generic/x.mcpb@1?download_url=https:%2F%2Fdl.example.org%2Fx.mcpb"},
		{"bundle over http", pkg{registry: "mcpb", name: "http://dl.example.org/x.mcpb"}, "ErrPrivate"},
		{"bundle by name", pkg{registry: "mcpb", name: "x.mcpb"}, "ErrInvalid"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			u, _, why := row.p.locate(&checker{})
			checkPurlRow(t, u, why, row.want)
		})
	}
}

func TestSources(t *testing.T) {
	commit := strings.Repeat("0a", 20)
	rows := []struct{ name, raw, folder, want string }{
		{"github", "https://github.com/Owner/Repo", "", "pkg:github/owner/repo"},
		{"github with .git", "https://www.github.com/owner/repo.git", "", "pkg:github/owner/repo"},
		{"github over ssh", "git@github.com:Owner/Repo.git", "", "pkg:github/owner/repo"},
		{"github, git+https", "git+https://github.com/o/r.git", "", "pkg:github/o/r"},
		{"a branch is no version", "https://github.com/o/r/tree/main/a/b", "", "pkg:github/o/r#a/b"},
		{"a commit is", "https://github.com/o/r/blob/" + commit + "/x.json", "", "pkg:github/o/r@" + commit + "#x.json"},
		{"folder beside", "https://github.com/o/r", "src/../tool/", "pkg:github/o/r#src/tool"},
		{"bitbucket", "https://bitbucket.org/o/r/src/main/x", "", "pkg:bitbucket/o/r#x"},
		{"elsewhere", "https://git.example.org/a/b.git", "", "pkg:generic/b?vcs_url=git%2Bhttps:%2F%2Fgit.example.org%2Fa%2Fb.git"},
		{"an owner only", "https://github.com/owner", "", "ErrNoLocation"},
		{"a host only", "https://git.example.org/", "", "ErrNoLocation"},
		{"a template", "https://github.com//<owner>/<repo>", "", "ErrTemplate"},
		{"inside", "https://git.corp.internal/a/b", "", "ErrPrivate"},
		{"nothing", "", "", "ErrNoLocation"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			u, why := (&checker{}).source(row.raw, row.folder)
			checkPurlRow(t, u, why, row.want)
		})
	}
}

func checkPurlRow(t *testing.T, u purl, why *fault, want string) {
	t.Helper()
	got := ""
	if why == nil {
		got, why = checkPurl(u)
	}
	if why != nil {
		for name, sentinel := range sentinels() {
			if errors.Is(why.reason, sentinel) {
				got = name
			}
		}
		if strings.Contains(why.detail, "hunter2") || strings.ContainsFunc(why.detail, invisible) {
			t.Errorf("not fit to print: %q", why.detail)
		}
	}
	if got != want {
		t.Errorf("got %s (%v), want %s", got, why, want)
	}
}
