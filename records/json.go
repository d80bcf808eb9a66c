package records

import (
	"encoding/hex"
	"encoding/json"
	"time"
)

// MarshalJSON renders the record for people and programs; it is not the record
// and carries no proof.
func (r *Record) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Agent    AgentID `json:"agent"`
		DID      string  `json:"did"`
		Rotation uint64  `json:"rotation"`
		Sequence uint64  `json:"seq"`
		Issued   string  `json:"issued"`
		NotAfter string  `json:"not_after"`
		Location
	}{r.ID(), r.ID().DID(), r.Rotation(), r.Sequence(), r.Issued().Format(time.RFC3339), r.NotAfter().Format(time.RFC3339), r.Location()})
}

// MarshalJSON renders the tombstone: its subject, kind, end and canonical bytes.
func (t *Tombstone) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Agent AgentID `json:"agent"`
		DID   string  `json:"did"`
		Kind  string  `json:"kind"`
		End   string  `json:"end"`
		Bytes []byte  `json:"tombstone"`
	}{t.id, t.id.DID(), t.Kind().String(), t.End().Format(time.RFC3339), t.Bytes()})
}

type cardJSON struct {
	URL       string `json:"url,omitempty"`
	MediaType string `json:"media_type"`
	Digest    string `json:"sha256"`
}

// MarshalJSON shows the digest in hexadecimal.
func (c Card) MarshalJSON() ([]byte, error) {
	return json.Marshal(cardJSON{c.URL, c.MediaType, hex.EncodeToString(c.Digest[:])})
}

type codeJSON struct {
	Type   string `json:"type"`
	Digest string `json:"sha256"`
	URL    string `json:"url,omitempty"`
}

// MarshalJSON shows the digest in hexadecimal.
func (c CodeDigest) MarshalJSON() ([]byte, error) {
	return json.Marshal(codeJSON{c.Type, hex.EncodeToString(c.Digest[:]), c.URL})
}
