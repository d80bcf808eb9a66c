package store

import (
	"encoding/binary"

	"github.com/cairn-overlay/cairn/records"
)

// The tables: the first byte of every key.
const (
	tableVersion  = 'v'
	tableCounters = 'n'
	tableArrival  = 'a'
	tableFact     = 'f'
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

// arrivalKey is the key of the fact with a cursor.
func arrivalKey(cursor uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{tableArrival}, cursor)
}

// nameKey is a key made of text.
func nameKey(table byte, name string) []byte { return append([]byte{table}, name...) }
