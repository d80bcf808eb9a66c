package api

import (
	"encoding/json"
	"sync"

	"github.com/cairn-overlay/cairn/records"
)

// maxRenderings bounds the records whose JSON is kept.
const maxRenderings = 1024

// renderings keeps the JSON of the records that were asked for, since a record
// never changes and most answers are about few of them. It is safe for concurrent
// use.
type renderings struct {
	mu   sync.Mutex
	made map[*records.Record][]byte // guarded by mu
}

// of returns `"record":{...},"record_cbor":"..."` for a record, encoded.
func (r *renderings) of(rec *records.Record) ([]byte, error) {
	r.mu.Lock()
	b, ok := r.made[rec]
	r.mu.Unlock()
	if ok {
		return b, nil
	}
	b, err := encode(struct {
		Record *records.Record `json:"record"`
		Bytes  []byte          `json:"record_cbor"`
	}{rec, rec.Bytes()})
	if err != nil {
		return nil, err
	}
	b = b[1 : len(b)-1]
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.made == nil || len(r.made) >= maxRenderings {
		r.made = make(map[*records.Record][]byte)
	}
	r.made[rec] = b
	return b, nil
}

// resolution gives what encode gives of a resolution, in another order.
func (r *renderings) resolution(res Resolution) ([]byte, error) {
	if res.Record == nil {
		return encode(res)
	}
	rec, err := r.of(res.Record)
	if err != nil {
		return nil, err
	}
	type light struct { // shadows what is rendered already
		Resolution
		Record      *json.RawMessage `json:"record,omitempty"`
		RecordBytes *json.RawMessage `json:"record_cbor,omitempty"`
	}
	b, err := encode(light{Resolution: res})
	if err != nil {
		return nil, err
	}
	b = append(b[:len(b)-1:len(b)-1], ',')
	return append(append(b, rec...), '}'), nil
}
