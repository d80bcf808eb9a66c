package store

import (
	"github.com/cairn-overlay/cairn/records"
)

// The tables: the first byte of every key.
const (
	tableVersion  = 'v'
	tableCounters = 'n'
	tableArrival  = 'a' // of format 1
	tableFact     = 'f' // of format 1
	tableRecord   = 'r'
	tableMark     = 'm'
	tableLease    = 'l'
	tableSequence = 'q'
	tablePeer     = 'p'
	tableMeta     = 'x'
)

// agentKey is the key of an agent in a table.
func agentKey(table byte, id records.AgentID) []byte {
	sum := id.Digest()
	return append([]byte{table}, sum[:]...)
}

// agentOf reads an agent from its key.
func agentOf(key []byte) (id records.AgentID, ok bool) {
	if len(key) != 33 {
		return id, false
	}
	return records.AgentIDFromDigest([32]byte(key[1:])), true
}

// nameKey is a key made of text.
func nameKey(table byte, name string) []byte { return append([]byte{table}, name...) }
