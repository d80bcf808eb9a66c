package api

import (
	"cmp"
	"time"
)

// Limits bound what a client can make the server do. A zero field is its default.
type Limits struct {
	Document    int64         // bytes of a document to publish; 1 MiB
	Record      int64         // bytes of a record; 32 KiB
	Tombstone   int64         // bytes of a tombstone; 8 KiB
	Facts       int64         // bytes of facts to import at once; 1 MiB
	HeaderBytes int           // bytes of a request's header; 16 KiB
	Connections int           // connections of one server at a time; 512
	Streams     int           // streams at a time, counted apart with and without the token; 64
	Header      time.Duration // to send a request's header; 5 s
	Body        time.Duration // to send a request's body; 15 s
	Request     time.Duration // to work on a request that is no stream; 2 min
	Write       time.Duration // to take an answer, or one event of a stream, which is ended then and cut off after as long again; 30 s
	Idle        time.Duration // between two requests of a connection; 2 min
	Heartbeat   time.Duration // between two signs of life on a quiet stream; 15 s
}

// linger is how long a refused client may go on sending before its connection
// closes, so that it gets to read the refusal.
const linger = 500 * time.Millisecond

func (l Limits) withDefaults() Limits {
	l.Document = cmp.Or(l.Document, 1<<20)
	l.Record = cmp.Or(l.Record, 32<<10)
	l.Tombstone = cmp.Or(l.Tombstone, 8<<10)
	l.Facts = cmp.Or(l.Facts, 1<<20)
	l.HeaderBytes = cmp.Or(l.HeaderBytes, 16<<10)
	l.Connections = cmp.Or(l.Connections, 512)
	l.Streams = cmp.Or(l.Streams, 64)
	l.Header = cmp.Or(l.Header, 5*time.Second)
	l.Body = cmp.Or(l.Body, 15*time.Second)
	l.Request = cmp.Or(l.Request, 2*time.Minute)
	l.Write = cmp.Or(l.Write, 30*time.Second)
	l.Idle = cmp.Or(l.Idle, 2*time.Minute)
	l.Heartbeat = cmp.Or(l.Heartbeat, 15*time.Second)
	return l
}
