package node

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cairn-overlay/cairn/node/metrics"
)

// scrapes are two looks at a node; what happened between them is what rate and increase see.
type scrapes struct{ before, after metrics.Scrape }

// vector are values by their labels.
type vector map[string]float64

// query is as much of PromQL as the dashboard and the rules use, evaluated over two
// scrapes of one node: selectors, rate, increase, abs, histogram_quantile, sum, arithmetic,
// comparisons and "and". It fails on whatever else stands there.
type query struct {
	s      scrapes
	tokens []string
	names  map[string]bool // the metrics that it asks for
}

var promToken = regexp.MustCompile(`\s*([a-zA-Z_:][a-zA-Z0-9_:]*|[0-9.]+|"[^"]*"|\[[^\]]*\]|=~|!~|!=|==|>=|<=|[-+*/(){},<>=])`)

// evaluate returns what an expression comes to, and the metrics that it asks for.
func evaluate(expr string, s scrapes) (v vector, names []string, err error) {
	q := &query{s: s, names: make(map[string]bool)}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: %v", expr, p)
		}
	}()
	rest := strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*").Replace(expr)
	for rest != "" {
		m := promToken.FindStringSubmatch(rest)
		if m == nil || !strings.HasPrefix(rest, m[0]) {
			return nil, nil, fmt.Errorf("%s: cannot read %q", expr, rest)
		}
		q.tokens, rest = append(q.tokens, m[1]), strings.TrimLeft(rest[len(m[0]):], " ")
	}
	v = q.and()
	if len(q.tokens) > 0 {
		return nil, nil, fmt.Errorf("%s: what is %q", expr, q.tokens)
	}
	return v, slices.Sorted(maps.Keys(q.names)), nil
}

func (q *query) peek() string {
	if len(q.tokens) == 0 {
		return ""
	}
	return q.tokens[0]
}

func (q *query) take() string {
	t := q.peek()
	q.tokens = q.tokens[min(1, len(q.tokens)):]
	return t
}

func (q *query) want(t string) {
	if got := q.take(); got != t {
		panic(fmt.Sprintf("%q where %q should be", got, t))
	}
}

func (q *query) and() vector {
	v := q.compare()
	for q.peek() == "and" {
		q.take()
		other := q.compare()
		maps.DeleteFunc(v, func(labels string, _ float64) bool { _, ok := other[labels]; return !ok })
	}
	return v
}

func (q *query) compare() vector {
	v := q.sum()
	hold := map[string]func(a, b float64) bool{
		">": func(a, b float64) bool { return a > b }, "<": func(a, b float64) bool { return a < b }, "==": func(a, b float64) bool { return a == b },
		">=": func(a, b float64) bool { return a >= b }, "<=": func(a, b float64) bool { return a <= b }, "!=": func(a, b float64) bool { return a != b },
	}[q.peek()]
	if hold == nil {
		return v
	}
	q.take()
	return match(v, q.sum(), func(a, b float64) (float64, bool) { return a, hold(a, b) })
}

func (q *query) sum() vector {
	v := q.product()
	for q.peek() == "+" || q.peek() == "-" {
		sign := map[string]float64{"+": 1, "-": -1}[q.take()]
		v = match(v, q.product(), func(a, b float64) (float64, bool) { return a + sign*b, true })
	}
	return v
}

func (q *query) product() vector {
	v := q.one()
	for q.peek() == "*" || q.peek() == "/" {
		times := q.take() == "*"
		v = match(v, q.one(), func(a, b float64) (float64, bool) {
			if times {
				return a * b, true
			}
			return a / b, true
		})
	}
	return v
}

// scalar marks the value of a number, which goes with all labels.
const scalar = "\x00"

// match joins values of the same labels.
func match(a, b vector, f func(a, b float64) (float64, bool)) vector {
	out := make(vector)
	for labels, x := range a {
		y, ok := b[labels]
		if number, isNumber := b[scalar]; isNumber {
			y, ok = number, true
		}
		if z, keep := f(x, y); ok && keep {
			out[labels] = z
		}
	}
	return out
}

// one is a number, a call, a selector, or something in parentheses.
func (q *query) one() vector {
	t := q.take()
	if n, err := strconv.ParseFloat(t, 64); err == nil {
		return vector{scalar: n}
	}
	switch t {
	case "(":
		v := q.and()
		q.want(")")
		return v
	case "sum":
		return q.aggregate()
	case "abs":
		return q.call(func(v vector) vector {
			for labels, x := range v {
				v[labels] = math.Abs(x)
			}
			return v
		})
	case "rate", "increase":
		return q.call(func(v vector) vector { return v }) // over an unknown time; what is more than nothing stays so
	case "histogram_quantile":
		q.want("(")
		share, _ := strconv.ParseFloat(q.take(), 64)
		q.want(",")
		v := q.and()
		q.want(")")
		return quantiles(v, share)
	}
	return q.selector(t)
}

func (q *query) call(f func(vector) vector) vector {
	q.want("(")
	v := q.and()
	q.want(")")
	return f(v)
}

// aggregate is "sum by (...) (...)".
func (q *query) aggregate() vector {
	var by []string
	if q.peek() == "by" {
		q.take()
		q.want("(")
		for q.peek() != ")" {
			if t := q.take(); t != "," {
				by = append(by, t)
			}
		}
		q.want(")")
	}
	out := make(vector)
	for labels, x := range q.call(func(v vector) vector { return v }) {
		kept := slices.DeleteFunc(strings.Split(labels, ","), func(l string) bool {
			name, _, _ := strings.Cut(l, "=")
			return !slices.Contains(by, name)
		})
		out[strings.Join(kept, ",")] += x
	}
	return out
}

// selector is a metric with its matchers; where a range follows it is what the counter has
// grown by.
func (q *query) selector(name string) vector {
	q.names[name] = true
	type matcher struct{ label, op, value string }
	var all []matcher
	if q.peek() == "{" {
		for q.take(); q.peek() != "}"; {
			if q.peek() == "," {
				q.take()
				continue
			}
			all = append(all, matcher{q.take(), q.take(), strings.Trim(q.take(), `"`)})
		}
		q.take()
	}
	grown := strings.HasPrefix(q.peek(), "[")
	if grown {
		q.take()
	}
	out := make(vector)
	for series, x := range q.s.after {
		if metrics.Name(series) != name {
			continue
		}
		labels := labelsOf(series)
		fits := true
		for _, m := range all {
			is := labels[m.label] == m.value
			if strings.HasSuffix(m.op, "~") {
				is = regexp.MustCompile("^(?:" + m.value + ")$").MatchString(labels[m.label])
			}
			fits = fits && is == !strings.HasPrefix(m.op, "!")
		}
		if !fits {
			continue
		}
		if grown {
			x -= q.s.before[series]
		}
		var text []string
		for _, l := range slices.Sorted(maps.Keys(labels)) {
			text = append(text, l+"="+labels[l])
		}
		out[strings.Join(text, ",")] = x
	}
	return out
}

// labelsOf reads the labels of a series, and adds those that Prometheus would. No value
// that a node shows has a comma, a quote or an equals sign in it.
func labelsOf(series string) map[string]string {
	labels := map[string]string{"instance": "here", "job": "cairn"}
	_, rest, _ := strings.Cut(strings.TrimSuffix(series, "}"), "{")
	for l := range strings.SplitSeq(rest, ",") {
		if name, value, ok := strings.Cut(l, "="); ok {
			labels[name] = strings.Trim(value, `"`)
		}
	}
	return labels
}

// quantiles takes the label le out, and says for each of the rest what [metrics.Scrape] does.
func quantiles(v vector, share float64) vector {
	by := make(map[string]metrics.Scrape)
	for labels, x := range v {
		var kept []string
		le := ""
		for l := range strings.SplitSeq(labels, ",") {
			if bound, ok := strings.CutPrefix(l, "le="); ok {
				le = bound
			} else if l != "" {
				kept = append(kept, l)
			}
		}
		key := strings.Join(kept, ",")
		if by[key] == nil {
			by[key] = make(metrics.Scrape)
		}
		by[key][fmt.Sprintf("h_bucket{le=%q}", le)] = x
	}
	out := make(vector)
	for labels, s := range by {
		out[labels] = s.Quantile("h", share)
	}
	return out
}

func TestEvaluate(t *testing.T) {
	s := scrapes{
		before: metrics.Scrape{`a_total{x="1"}`: 2, `a_total{x="2"}`: 5},
		after: metrics.Scrape{`a_total{x="1"}`: 3, `a_total{x="2"}`: 5, "g": -4, "h": 1,
			`t_bucket{le="1"}`: 0, `t_bucket{le="2"}`: 4, `t_bucket{le="+Inf"}`: 4},
	}
	for expr, want := range map[string]string{
		`g`:                       "map[instance=here,job=cairn:-4]",
		`missing`:                 "map[]",
		`g > 0`:                   "map[]",
		`abs(g) > 3 and h > 0`:    "map[instance=here,job=cairn:4]",
		`g < 0 and h > 1`:         "map[]",
		`increase(a_total[1h])>0`: "map[instance=here,job=cairn,x=1:1]",
		`sum by (instance) (rate(a_total[5m])) + 1`: "map[instance=here:2]",
		`sum(a_total) / 2`:                          "map[:4]",
		`a_total{x=~"2|3"}`:                         "map[instance=here,job=cairn,x=2:5]",
		`a_total{x!="2", job="cairn"}`:              "map[instance=here,job=cairn,x=1:3]",
		`histogram_quantile(.5, sum by (le) (rate(t_bucket{instance=~"$instance"}[$__rate_interval])))`: "map[:1.5]",
	} {
		v, _, err := evaluate(expr, s)
		if got := fmt.Sprint(map[string]float64(v)); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", expr, got, err, want)
		}
	}
	for _, expr := range []string{"", "a ~ b", "sum by (x (a)", "a b", "rate(a", "topk(3, a)"} {
		if v, _, err := evaluate(expr, s); err == nil && len(v) > 0 {
			t.Errorf("%s: %v", expr, v)
		}
	}
}
