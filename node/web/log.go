package web

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
)

// keptLines is how many lines of a log are kept for each node.
const keptLines = 100

// Log keeps the last lines that nodes log, and hands them on. A record belongs to the
// node in its attribute "node", which is empty where there is one node only. Make it with
// [NewLog].
type Log struct {
	next  slog.Handler
	node  string
	attrs []slog.Attr
	kept  *keptLog
}

// keptLog is what all handlers of one log share.
type keptLog struct {
	mu    sync.Mutex
	lines map[string][]string // by node; owned by mu
}

// NewLog returns a log that keeps lines from slog.LevelInfo up, and hands to next what
// it takes.
func NewLog(next slog.Handler) *Log {
	return &Log{next: next, kept: &keptLog{lines: make(map[string][]string)}}
}

// Lines returns the last lines of a node, the oldest first.
func (l *Log) Lines(node string) []string {
	l.kept.mu.Lock()
	defer l.kept.mu.Unlock()
	return append([]string{}, l.kept.lines[node]...)
}

// Enabled reports whether records of a level are kept or taken.
func (l *Log) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo || l.next.Enabled(ctx, level)
}

// Handle keeps a record and hands it on.
func (l *Log) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelInfo {
		l.keep(r)
	}
	if l.next.Enabled(ctx, r.Level) {
		return l.next.Handle(ctx, r)
	}
	return nil
}

func (l *Log) keep(r slog.Record) {
	var b strings.Builder
	b.WriteString(r.Time.Format("15:04:05.000 "))
	b.WriteString(strings.ToLower(r.Level.String()) + " " + r.Message)
	add := func(a slog.Attr) bool {
		b.WriteString(" " + a.Key + "=" + a.Value.Resolve().String())
		return true
	}
	for _, a := range l.attrs {
		add(a)
	}
	r.Attrs(add)
	l.kept.mu.Lock()
	defer l.kept.mu.Unlock()
	lines := l.kept.lines[l.node]
	if len(lines) == keptLines {
		lines = slices.Delete(lines, 0, 1)
	}
	l.kept.lines[l.node] = append(lines, b.String())
}

// WithAttrs returns the log of a node, or one whose records have more attributes.
func (l *Log) WithAttrs(attrs []slog.Attr) slog.Handler {
	of := *l
	of.next, of.attrs = l.next.WithAttrs(attrs), slices.Clone(l.attrs)
	for _, a := range attrs {
		if a.Key == "node" {
			of.node = a.Value.Resolve().String()
		} else {
			of.attrs = append(of.attrs, a)
		}
	}
	return &of
}

// WithGroup hands the group on; the lines kept do not show it.
func (l *Log) WithGroup(name string) slog.Handler {
	of := *l
	of.next = l.next.WithGroup(name)
	return &of
}
