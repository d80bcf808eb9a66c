package store

import "log/slog"

const (
	// DefaultMinFree is the free-space floor in bytes.
	DefaultMinFree = 64 << 20
	// DefaultMaxRecordBytes bounds strangers' records, in bytes.
	DefaultMaxRecordBytes = 1 << 30
)

// Options of a store. The zero value is the documented default.
type Options struct {
	// Logger gets what the disk engine reports; nil discards it.
	Logger *slog.Logger
	// MinFree is the free-space floor in bytes: below it, what comes from others
	// is refused with ErrFull; below a quarter of it, every write is. Zero means
	// DefaultMinFree.
	MinFree uint64
	// MaxRecordBytes bounds the bytes of strangers' records. Zero means
	// DefaultMaxRecordBytes.
	MaxRecordBytes int64
	// KeepFormat refuses a store of an older format with ErrOlderFormat, instead of
	// bringing it up to date, after which no older version can read it.
	KeepFormat bool
	// OnFatal is told once, in a goroutine of its own, why the store broke: the
	// disk failed in a way that cannot be taken back. From then on every call
	// returns ErrBroken. Nil ignores it.
	OnFatal func(error)
}

// withDefaults returns a copy in which zero means nothing any more.
func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.MinFree == 0 {
		o.MinFree = DefaultMinFree
	}
	if o.MaxRecordBytes == 0 {
		o.MaxRecordBytes = DefaultMaxRecordBytes
	}
	return o
}
