package gateway

import (
	"net/url"
	"strings"
)

// source maps the URL of a source repository: pkg:github or pkg:bitbucket, with
// the folder as its subpath, else pkg:generic with a vcs_url. A branch is not a
// version; a full commit is.
func (c *checker) source(raw, folder string) (purl, *fault) {
	s := strings.TrimPrefix(strings.TrimSpace(raw), "git+")
	if rest, ok := strings.CutPrefix(s, "git@"); ok {
		s = "https://" + strings.Replace(rest, ":", "/", 1)
	}
	if _, rest, ok := strings.Cut(s, "://git@"); ok {
		s = "https://" + rest
	}
	clean, why := c.endpoint(s)
	if why != nil {
		return purl{}, why
	}
	p, ok := codePage(clean)
	if !ok {
		p, ok = otherRepository(clean)
	}
	if !ok {
		return purl{}, faultf(ErrNoLocation, "%s is not the URL of a repository", showURL(clean))
	}
	if len(p.subpath) == 0 && !isTemplate(folder) {
		p.subpath = cleanPath(folder)
	}
	return p, nil
}

// codePage recognises a repository, a folder or a file on a host of source code.
func codePage(s string) (purl, bool) {
	u, err := url.Parse(s)
	if err != nil {
		return purl{}, false
	}
	kind := ""
	switch strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.") {
	case "github.com":
		kind = "github"
	case "bitbucket.org":
		kind = "bitbucket"
	default:
		return purl{}, false
	}
	path := cleanPath(u.Path)
	if len(path) < 2 || path[0] == "orgs" || path[0] == "marketplace" {
		return purl{}, false
	}
	p := purl{kind: kind, namespace: []string{strings.ToLower(path[0])}, name: strings.TrimSuffix(strings.ToLower(path[1]), ".git")}
	if len(path) > 3 && (path[2] == "tree" || path[2] == "blob" || path[2] == "src") {
		p.subpath = path[4:]
		if isCommit.MatchString(path[3]) {
			p.version = path[3]
		}
	}
	return p, p.name != ""
}

// otherRepository names a repository by where it is cloned from.
func otherRepository(s string) (purl, bool) {
	u, err := url.Parse(s)
	if err != nil {
		return purl{}, false
	}
	path := cleanPath(u.Path)
	if len(path) == 0 || strings.TrimSuffix(path[len(path)-1], ".git") == "" || strings.HasSuffix(u.Hostname(), "github.com") {
		return purl{}, false
	}
	return purl{kind: "generic", name: strings.TrimSuffix(path[len(path)-1], ".git"), qualifiers: map[string]string{"vcs_url": "git+" + s}}, true
}

// cleanPath splits a path and drops what moves about in it.
func cleanPath(path string) []string {
	var segments []string
	for s := range strings.SplitSeq(path, "/") {
		if s != "" && s != "." && s != ".." {
			segments = append(segments, s)
		}
	}
	return segments
}
