package gateway

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/cairn-overlay/cairn/records"
)

// What registries take for names and versions.
var (
	isVersion = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+!~-]*$`)
	isNPM     = regexp.MustCompile(`^(@[A-Za-z0-9~][A-Za-z0-9._~-]*/)?[A-Za-z0-9~][A-Za-z0-9._~-]*$`)
	isWord    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	isImage   = regexp.MustCompile(`^[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*(/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)*$`)
	isTag     = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	isDigest  = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	isSum     = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
	isCommit  = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// purl is a package URL (ECMA-427) in parts.
type purl struct {
	kind       string
	namespace  []string
	name       string
	version    string
	qualifiers map[string]string
	subpath    []string
}

// String is the canonical form: qualifiers sorted, everything percent-encoded.
func (p purl) String() string {
	b := "pkg:" + p.kind
	for _, segment := range append(slices.Clone(p.namespace), p.name) {
		b += "/" + purlEscape(segment)
	}
	if p.version != "" {
		b += "@" + purlEscape(p.version)
	}
	var pairs []string
	for k, v := range p.qualifiers {
		if v != "" {
			pairs = append(pairs, k+"="+purlEscape(v))
		}
	}
	slices.Sort(pairs)
	if len(pairs) > 0 {
		b += "?" + strings.Join(pairs, "&")
	}
	for i, segment := range p.subpath {
		b += [...]string{"#", "/"}[min(i, 1)] + purlEscape(segment)
	}
	return b
}

// purlEscape percent-encodes all but letters, digits and ".-_~:".
func purlEscape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte(".-_~:", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteString("%" + string("0123456789ABCDEF"[c>>4]) + string("0123456789ABCDEF"[c&15]))
		}
	}
	return b.String()
}

// pkg is what a document says of one package.
type pkg struct {
	registry string // npm, pypi, oci, docker, nuget, cargo, mcpb, ... as written
	name     string
	version  string
	base     string // registry URL, "" for the usual one
	sha256   string // of an mcpb bundle
}

// locate maps a package to its purl. A version that is not one exact version is
// left out; exact is false then. The fault is ErrNoLocation where the registry is
// unknown here, or the name is not one of that registry.
func (p pkg) locate(c *checker) (u purl, exact bool, why *fault) {
	name := strings.TrimSpace(p.name)
	switch {
	case name == "":
		return u, false, faultf(ErrNoLocation, "a package without a name")
	case isTemplate(name):
		return u, false, faultf(ErrTemplate, "package %s has a placeholder; fill it in", show(name))
	}
	registry := strings.ToLower(p.registry)
	image := registry == "oci" || registry == "docker"
	exact = p.version == "" || isVersion.MatchString(p.version) && p.version != "latest" && (!image || isTag.MatchString(p.version))
	version := ""
	if exact {
		version = p.version
	}
	switch {
	case image:
		u, why = c.image(name, version, p.base)
	case registry == "mcpb":
		u, why = c.download(name, version, p.sha256)
	default:
		if u, why = p.registered(name, version); why == nil {
			why = c.registry(&u, p.base)
		}
	}
	return u, exact, why
}

// registered maps the package of a registry that names packages by words.
func (p pkg) registered(name, version string) (purl, *fault) {
	u := purl{kind: strings.ToLower(p.registry), name: name, version: version}
	good := false
	switch u.kind {
	case "npm":
		good = isNPM.MatchString(name)
		if scope, rest, ok := strings.Cut(name, "/"); ok {
			u.namespace, u.name = []string{scope}, rest
		}
	case "pypi":
		good = isWord.MatchString(name)
		u.name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
	case "nuget", "cargo":
		good = isWord.MatchString(name)
	default:
		return u, faultf(ErrNoLocation, "package %s is in the registry %s, which is none of npm, pypi, oci, docker, nuget, cargo, mcpb", show(name), show(p.registry))
	}
	if !good || len(name) > 214 {
		return u, faultf(ErrNoLocation, "%s is not a name that %s can hold", show(name), u.kind)
	}
	return u, nil
}

// registry records where a package is kept, if not at the usual place.
func (c *checker) registry(u *purl, base string) *fault {
	base = strings.TrimSuffix(strings.TrimSpace(base), "/")
	switch base {
	case "", "https://registry.npmjs.org", "https://pypi.org", "https://api.nuget.org", "https://api.nuget.org/v3/index.json", "https://crates.io":
		return nil
	}
	clean, why := c.endpoint(base)
	if why == nil {
		u.qualifiers = map[string]string{"repository_url": clean}
	}
	return why
}

// download maps a bundle that is fetched from a URL.
func (c *checker) download(link, version, sum string) (purl, *fault) {
	clean, why := c.endpoint(link)
	if why != nil {
		return purl{}, why
	}
	u, err := url.Parse(clean)
	if err != nil {
		return purl{}, faultf(ErrInvalid, "%s is not a URL", showURL(clean))
	}
	file := u.Path[strings.LastIndexByte(u.Path, '/')+1:]
	if file == "" {
		file = u.Hostname()
	}
	p := purl{kind: "generic", name: file, version: version, qualifiers: map[string]string{"download_url": clean}}
	if isSum.MatchString(sum) {
		p.qualifiers["checksum"] = "sha256:" + strings.ToLower(sum)
	}
	return p, nil
}

// checkPurl holds the finished text to the record's limits.
func checkPurl(u purl) (string, *fault) {
	s := u.String()
	if err := records.CheckURL(s); err != nil {
		return "", faultf(ErrInvalid, "package %s: %v", show(u.name), err)
	}
	return s, nil
}
