package overlay

// Stats are counters since Join.
type Stats struct {
	Requests int64 // requests sent
}
