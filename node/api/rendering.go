package api

import (
	"encoding/json"
	"strconv"
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
	made map[*records.Record]rendering // guarded by mu
}

// rendering is what is the same in every answer with one record.
type rendering struct {
	head []byte // `{"id":"...","status":"`
	tail []byte // `"record":{...},"record_cbor":"..."}`
}

// of returns what is written of a record.
func (r *renderings) of(rec *records.Record) (rendering, error) {
	r.mu.Lock()
	made, ok := r.made[rec]
	r.mu.Unlock()
	if ok {
		return made, nil
	}
	tail, err := encode(struct {
		Record *records.Record `json:"record"`
		Bytes  []byte          `json:"record_cbor"`
	}{rec, rec.Bytes()})
	if err != nil {
		return rendering{}, err
	}
	made = rendering{[]byte(`{"id":"` + rec.ID().String() + `","status":"`), tail[1:]}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.made == nil || len(r.made) >= maxRenderings {
		r.made = make(map[*records.Record]rendering)
	}
	r.made[rec] = made
	return made, nil
}

// resolution gives what encode gives of a resolution with the bytes of its record.
func (r *renderings) resolution(res Resolution) ([]byte, error) {
	if res.Record == nil || res.Tombstone != nil || res.Rotations != nil || res.ID != res.Record.ID() {
		return encode(complete(res))
	}
	made, err := r.of(res.Record)
	if err != nil {
		return nil, err
	}
	if len(res.Path) == 0 && res.Reason == "" && res.ElapsedMS == 0 && isWord(string(res.Status)) && isWord(res.Source) {
		return made.plain(res), nil
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
	return append(b, made.tail...), nil
}

// plain writes an answer that came out of memory: words and numbers only.
func (m rendering) plain(res Resolution) []byte {
	b := make([]byte, 0, len(m.head)+len(m.tail)+160)
	b = append(append(b, m.head...), res.Status...)
	b = append(append(b, `","source":"`...), res.Source...)
	b = strconv.AppendInt(append(b, `","age_ms":`...), res.AgeMS, 10)
	b = strconv.AppendInt(append(b, `,"confirmations":`...), int64(res.Confirmations), 10)
	b = append(b, `,"elapsed_ms":0,"path":[],`...)
	return append(b, m.tail...)
}
