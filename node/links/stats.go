package links

// What a keeper counts.
const (
	dials = iota
	dialsFailed
	losses
	trimmed
	letGo
	shortcuts
	looks
	peakPeers
	counted
)

// Stats are counters since New.
type Stats struct {
	Dials       uint64 // for links
	DialsFailed uint64 // of those
	Lost        uint64 // links whose connection ended
	Trimmed     uint64 // connections closed for being too many
	LetGo       uint64 // connections closed that had been links, and were nobody's any more
	Shortcuts   uint64 // chosen
	Looks       uint64 // at peers that might have been nearer
}

// Stats returns the counters, each read at its own moment.
func (k *Keeper) Stats() Stats {
	return Stats{
		Dials: k.counts[dials].Load(), DialsFailed: k.counts[dialsFailed].Load(),
		Lost: k.counts[losses].Load(), Trimmed: k.counts[trimmed].Load(), LetGo: k.counts[letGo].Load(), Shortcuts: k.counts[shortcuts].Load(), Looks: k.counts[looks].Load(),
	}
}

// Peak returns the most peers that were ever connected at one moment.
func (k *Keeper) Peak() int { return int(k.counts[peakPeers].Load()) }
