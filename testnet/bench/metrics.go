package bench

// Metrics returns all metrics, in the order in which they are shown.
func Metrics() []Metric {
	return []Metric{
		resolve(),
		warm(),
		publish(),
		tombstone(),
		onWire(),
		delivery(),
		flood(),
		rejoin(),
		memory(),
		startup(),
		verify(),
		httpResolve(),
		ingest(),
		lightModel(),
	}
}

// Find returns the metric of that name.
func Find(name string) (Metric, bool) {
	for _, m := range Metrics() {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}
