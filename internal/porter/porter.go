// Package porter has what every HTTP door on this machine asks before it opens: whether
// a request was meant for it, and whether its sender has the token. The worst neighbour
// of such a door is a web page in the owner's own browser.
package porter

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// Local reports whether the Host header names the listener that the request came
// through, by a loopback name or by its literal address, with its own port. A page whose
// name was made to point here (DNS rebinding) carries its own name in it; an address is no
// name: nobody can make it point elsewhere. A request without a Host names nobody.
func Local(r *http.Request) bool {
	name, port := Split(strings.ToLower(r.Host))
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || !isPort(port, local.Port) {
		return false
	}
	switch name {
	case "127.0.0.1", "::1", "localhost":
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip == local.AddrPort().Addr().Unmap()
}

// Split parts a Host header into name and port; without a port it is 80.
func Split(host string) (name, port string) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), "80"
	}
	return name, port
}

// isPort reports whether s is the number n as it is written.
func isPort(s string, n int) bool {
	var room [20]byte
	return string(strconv.AppendInt(room[:0], int64(n), 10)) == s
}

// Loopback reports whether host is an address that only this machine can reach.
func Loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// Key is what a token is known by.
type Key [sha256.Size]byte

// KeyOf returns the key of a token.
func KeyOf(token string) Key { return sha256.Sum256([]byte(token)) }

// Opens reports whether an Authorization header carries the token. It takes the same
// time for every wrong one: hashes are compared, so that not even the length shows.
func (k Key) Opens(authorization string) bool {
	scheme, token, ok := strings.Cut(authorization, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	sum := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(sum[:], k[:]) == 1
}
