package api

import "github.com/cairn-overlay/cairn/records"

// Problem is an answer that is not a success: RFC 9457 problem details. The
// server writes it, the client returns it as an error; errors.Is finds the
// sentinel of records or of this package behind it.
type Problem struct {
	// Type is a stable URN such as "urn:cairn:problem:revoked".
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"` // the HTTP status code
	Detail string `json:"detail,omitempty"`
	// Next says what the reader can do now.
	Next string `json:"next,omitempty"`
	// AgentStatus says how the agent stands, where the problem is about one.
	AgentStatus records.Status `json:"agent_status,omitempty"`
	// Tombstone holds the canonical bytes that prove a revocation.
	Tombstone []byte `json:"tombstone,omitempty"`
	// Resolution is the whole answer, where a lookup ended in anything but a good record.
	Resolution *Resolution `json:"resolution,omitempty"`
}

// Error says what is wrong; the next step stands in Next.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Title + ": " + p.Detail
}
