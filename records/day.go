package records

import "time"

const (
	// KeptDays is how many days after its subject's end a fact is kept.
	KeptDays = 30

	daySeconds = 24 * 60 * 60
)

// A Day is a whole day, UTC: how many had passed since 1970 when it began. As a cut-off
// it says which facts are past, so that nobody keeps them any more: those of subjects
// that ended on an earlier day. Whoever has two cut-offs goes by the later one. 0 is none.
type Day uint32

// DayOf returns the day of a time, 0 before 1970.
func DayOf(t time.Time) Day { return Day(max(t.Unix(), 0) / daySeconds) }

// CutOffAt returns the cut-off by a clock that shows a time: KeptDays before it.
func CutOffAt(t time.Time) Day { return max(DayOf(t), KeptDays) - KeptDays }

// Past reports whether a fact is past this cut-off.
func (d Day) Past(f Fact) bool { return d > 0 && f.lastDay() < d }

// Reached returns the earliest time at which a right clock can give this cut-off.
func (d Day) Reached() time.Time { return time.Unix((int64(d)+KeptDays)*daySeconds, 0).UTC() }

// String is the day's date.
func (d Day) String() string { return time.Unix(int64(d)*daySeconds, 0).UTC().Format(time.DateOnly) }
