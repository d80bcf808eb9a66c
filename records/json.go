package records

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
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
	}{t.ID(), t.ID().DID(), t.Kind().String(), t.End().Format(time.RFC3339), t.Bytes()})
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

// UnmarshalJSON reads what MarshalJSON writes; a digest that is there but is not
// 64 hexadecimal digits is an error, one that is missing is zero.
func (c *Card) UnmarshalJSON(b []byte) error {
	var w cardJSON
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	digest, err := digestFromHex(w.Digest)
	if err != nil {
		return fmt.Errorf("card: %w", err)
	}
	*c = Card{URL: w.URL, MediaType: w.MediaType, Digest: digest}
	return nil
}

func digestFromHex(s string) (sum [32]byte, err error) {
	if s == "" {
		return sum, nil
	}
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(sum) {
		return sum, fmt.Errorf("sha256 %.80q: %w: want 64 hexadecimal digits", s, ErrMalformed)
	}
	return [32]byte(b), nil
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

// UnmarshalJSON reads what MarshalJSON writes, with the rule of Card's digest.
func (c *CodeDigest) UnmarshalJSON(b []byte) error {
	var w codeJSON
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	digest, err := digestFromHex(w.Digest)
	if err != nil {
		return fmt.Errorf("code digest: %w", err)
	}
	*c = CodeDigest{Type: w.Type, Digest: digest, URL: w.URL}
	return nil
}
