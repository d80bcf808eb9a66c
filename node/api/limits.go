package api

import "time"

// Limits bound what a client can make the server do. A zero field is its default.
type Limits struct {
	Document    int64         // bytes of a document to publish; 1 MiB
	Record      int64         // bytes of a record; 32 KiB
	Tombstone   int64         // bytes of a tombstone; 8 KiB
	HeaderBytes int           // bytes of a request's header; 16 KiB
	Connections int           // connections of one listener at a time; 512
	Streams     int           // streams at a time, counted apart with and without the token; 64
	Header      time.Duration // to send a request's header; 5 s
	Body        time.Duration // to send a request's body; 15 s
	Request     time.Duration // to work on a request that is no stream; 2 min
	Write       time.Duration // to take an answer, or one event of a stream; 30 s
	Idle        time.Duration // between two requests of a connection; 2 min
	Heartbeat   time.Duration // between two signs of life on a quiet stream; 15 s
}
