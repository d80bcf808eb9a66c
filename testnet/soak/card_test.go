//go:build soak

package soak

import "fmt"

// card is an A2A agent card that names a place; the place changes with the version.
func card(name string, version int) []byte {
	return fmt.Appendf(nil, `{"protocolVersion": "0.3.0", "name": %q, "description": "An agent of the soak test.",
		"url": "https://agent.example.org/v%d", "preferredTransport": "JSONRPC", "version": "1.0.%d", "capabilities": {},
		"defaultInputModes": ["text/plain"], "defaultOutputModes": ["text/plain"], "skills": []}`, name, version, version)
}
