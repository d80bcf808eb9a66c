package bench

// Rate is the unit of a rate: its goals are to be reached at least, those of any
// other unit at most.
const Rate = "1/s"

// Judge sets Held: every goal has its figure and reaches it, all that was to arrive
// did, and nothing stands against a verdict. Goals are looked up among the ratios and then
// among the figures.
func (r *Result) Judge() {
	r.Held = len(r.Goal) > 0 && !r.Partial && r.Refused == "" && r.Unjudged == "" && (r.Delivery == nil || r.Delivery.Ours >= 1)
	for key, goal := range r.Goal {
		got, unit, ok := r.scored(key)
		r.Held = r.Held && ok && reached(got, goal, unit)
	}
}

// scored is the figure that a goal is about.
func (r *Result) scored(key string) (value float64, unit string, ok bool) {
	if v, ok := r.Ratio[key]; ok {
		return v, r.Unit, true
	}
	for _, f := range r.Figures {
		if f.Name == key {
			return f.Value, f.Unit, true
		}
	}
	return 0, "", false
}

func reached(got, goal float64, unit string) bool {
	if unit == Rate {
		return got >= goal
	}
	return got <= goal
}

// refused is the result of a cell that could not be measured.
func refused(m Metric, c Cell, why error) Result {
	return Result{Metric: m.Name, Nodes: c.Nodes, Matrix: c.Matrix, Seed: c.Seed, Refused: why.Error()}
}
