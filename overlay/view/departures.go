package view

// maxGone departures are remembered, the latest ones.
const maxGone = 1024

// departures are members that went, in the order of their going.
type departures struct {
	all  []departure
	next int // which one is overwritten next, once all are there
}

type departure struct {
	at   mark
	when uint32
}

func (d *departures) add(at mark, when uint32) {
	if len(d.all) < maxGone {
		d.all = append(d.all, departure{at, when})
		return
	}
	d.all[d.next] = departure{at, when}
	d.next = (d.next + 1) % maxGone
}

// since returns the positions of up to n of those that went since, the latest first.
func (d *departures) since(least uint32, n int) []uint64 {
	var out []uint64
	for i := range d.all {
		last := d.all[(d.next+len(d.all)-1-i)%len(d.all)]
		if last.when < least || len(out) == n {
			break
		}
		out = append(out, uint64(last.at))
	}
	return out
}
