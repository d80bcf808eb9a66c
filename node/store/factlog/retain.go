package factlog

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Retain drops the facts for which keep is false, of those on disk when it begins, from
// the set first and then from the disk, and returns how many. With them go those that others
// have replaced. It reads all of them, and
// writes the segments anew that have any to drop; other calls go on meanwhile. It stops
// where stopped says so, which is asked before each segment, or a file fails: what was dropped by then stays so.
func (l *Log) Retain(stopped func() bool, keep func(Entry) bool) (dropped int, err error) {
	l.upkeep.Lock()
	defer l.upkeep.Unlock()
	if err := l.seal(); err != nil {
		return 0, fmt.Errorf("drop facts: %w", err)
	}
	l.mu.RLock()
	segments := slices.Clone(l.segments)
	epoch := l.epoch + 1
	l.mu.RUnlock()
	thinned := false
	for _, g := range segments[:max(0, len(segments)-1)] {
		if stopped() {
			break
		}
		n, some, err := l.thin(g, epoch, keep)
		dropped, thinned = dropped+n, thinned || some
		if err != nil {
			return dropped, errors.Join(fmt.Errorf("drop facts: %w", err), l.settle(thinned))
		}
	}
	return dropped, l.settle(thinned)
}

// thin drops facts of one segment and returns how many, and whether it has fewer now.
func (l *Log) thin(g *segment, epoch uint32, keep func(Entry) bool) (dropped int, thinned bool, err error) {
	for e, err := range l.Entries(g.base, g.next) {
		if err != nil {
			return dropped, false, err
		}
		id := e.Fact.ID()
		if !l.set.Needs(e.Number, id) {
			thinned = true
		} else if !keep(e) && l.set.Drop(e.Number, e.Fact) {
			dropped++
		}
	}
	if dropped == 0 && !thinned {
		return 0, false, nil
	}
	_, err = l.rewrite(g, epoch, func(e Entry) bool { return l.set.Needs(e.Number, e.Fact.ID()) })
	return dropped, true, err
}

// rewrite replaces a segment by one with those of its entries that are to be kept.
func (l *Log) rewrite(g *segment, epoch uint32, keep func(Entry) bool) (*segment, error) {
	l.mu.Lock()
	l.serial++
	fresh := &segment{name: g.name, serial: l.serial, epoch: epoch, base: g.base, end: g.next, next: g.next, size: segmentHead}
	size, marks := g.size, g.marks
	l.mu.Unlock()
	name := l.path(g.name)
	f, err := l.cfg.FS.Create(name+newExt, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	p := &pass{log: l, g: g, at: segmentHead, size: size, marks: marks}
	err = fresh.copyFrom(p, f, keep)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if fresh.file, err = l.cfg.FS.Open(name + newExt); err != nil {
		return nil, err
	}
	if err = l.cfg.FS.Rename(name+newExt, name); err == nil {
		err = l.syncDir()
	}
	if err != nil {
		return nil, errors.Join(err, fresh.file.Close())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.epoch = max(l.epoch, epoch)
	l.segments = slices.Clone(l.segments)
	l.segments[slices.Index(l.segments, g)] = fresh
	l.retired = append(l.retired, g)
	return fresh, nil
}

// copyFrom writes the head and the entries that are to be kept.
func (g *segment) copyFrom(p *pass, f vfs.File, keep func(Entry) bool) error {
	b := g.head()
	for {
		e, ok, err := p.next()
		if err != nil {
			return err
		}
		if ok && keep(e) {
			n := len(b)
			b = e.append(b, g.base)
			g.note(e.Number, len(b)-n)
		}
		if len(b) >= readSize || !ok && len(b) > 0 {
			if _, err := f.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
		if !ok {
			return nil
		}
	}
}

// settle makes what was dropped part of INDEX, and then removes segments that have
// nothing left. Owned by upkeep.
func (l *Log) settle(thinned bool) error {
	if !thinned {
		return nil
	}
	if err := l.checkpoint(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dismiss()
	var kept []*segment
	var errs []error
	for i, g := range l.segments {
		if g.entries > 0 || i+1 == len(l.segments) {
			kept = append(kept, g)
			continue
		}
		errs = append(errs, l.cfg.FS.Remove(l.path(g.name)))
		l.retired = append(l.retired, g)
	}
	l.segments = kept
	return errors.Join(errs...)
}
