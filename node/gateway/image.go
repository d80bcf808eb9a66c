package gateway

import "strings"

// image maps a container image reference, or a URL that stands for one. An image
// of Docker Hub is pkg:docker/owner/name, another pkg:oci/name with its
// repository: an OCI package URL names no registry of its own.
func (c *checker) image(ref, tag, base string) (purl, *fault) {
	ref, digest, pinned := strings.Cut(trimScheme(ref), "@")
	switch {
	case pinned && ref == "":
		return purl{}, faultf(ErrNoLocation, "%s is not the name of a container image", show("@"+digest))
	case pinned && !isDigest.MatchString(digest): // not shown: it may be a login
		return purl{}, faultf(ErrInvalid, "a container image whose @ is not followed by sha256: and 64 hex digits")
	}
	host, path := splitHost(ref)
	if base != "" && host == "" {
		if host, _ = splitHost(trimScheme(base) + "/"); host == "" {
			return purl{}, faultf(ErrInvalid, "%s is not the host of a registry", showURL(base))
		}
	}
	if i := strings.LastIndexByte(path, ':'); i >= 0 {
		path, tag = path[:i], path[i+1:]
	}
	if host == "hub.docker.com" {
		path = strings.TrimPrefix(strings.TrimPrefix(path, "r/"), "_/")
	}
	path = strings.ToLower(path)
	if !isImage.MatchString(path) || len(path) > 255 {
		return purl{}, faultf(ErrNoLocation, "%s is not the name of a container image", show(ref))
	}
	if tag != "" && !isTag.MatchString(tag) {
		return purl{}, faultf(ErrNoLocation, "%s is not the tag of a container image", show(tag))
	}
	return c.imagePurl(host, path, tag, digest)
}

// imagePurl puts the parts of a checked reference together.
func (c *checker) imagePurl(host, path, tag, digest string) (purl, *fault) {
	segments := strings.Split(path, "/")
	name := segments[len(segments)-1]
	switch host {
	case "", "docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com", "hub.docker.com":
		u := purl{kind: "docker", namespace: segments[:len(segments)-1], name: name, version: tag}
		if digest != "" {
			u.version = digest
		}
		return u, nil
	}
	if _, why := c.endpoint("https://" + host + "/" + path); why != nil {
		return purl{}, why
	}
	return purl{kind: "oci", name: name, version: digest, qualifiers: map[string]string{"repository_url": host + "/" + path, "tag": tag}}, nil
}

// splitHost tells the registry's host from the path of an image reference, by the
// rule of container tools: a first part with a dot or a colon, or "localhost".
func splitHost(ref string) (host, path string) {
	first, rest, ok := strings.Cut(ref, "/")
	if ok && (strings.ContainsAny(first, ".:") || strings.EqualFold(first, "localhost")) {
		return strings.ToLower(first), rest
	}
	return "", ref
}

// trimScheme takes off what people put before an image's name, and a last slash.
func trimScheme(ref string) string {
	for _, prefix := range []string{"https://", "http://", "docker://", "oci://"} {
		ref = strings.TrimPrefix(ref, prefix)
	}
	return strings.TrimSuffix(ref, "/")
}
