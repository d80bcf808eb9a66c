package bench

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// The sizes of a plot, in units of its own that the page scales.
const (
	plotWidth, plotHeight         = 560.0, 300.0
	leftMargin, rightMargin       = 58.0, 14.0
	topMargin, bottomMargin       = 34.0, 46.0
	innerWidth                    = plotWidth - leftMargin - rightMargin
	innerHeight                   = plotHeight - topMargin - bottomMargin
	plotPoints                    = 300 // of a line; more cannot be seen
	legendStep                    = 118.0
	maxSeries                     = 12
	barShare                      = 0.8 // of the room for a whole number
	classes                       = 6   // of colours, see page.css
	legendLine, legendGap, legend = 22.0, 6.0, 16.0
)

// distribution is the plot of what was measured: which share of an arm's values is
// at most x. A value that never came keeps its line from reaching 100 %.
func distribution(r Result) (Plot, bool) {
	p := Plot{Title: "Distribution", XAxis: quantity(r.Unit), YAxis: "share of measurements, %"}
	for _, arm := range []string{ArmFloor, ArmOurs, ArmStock} {
		for _, s := range r.Samples {
			if s.Arm == arm && len(s.Values) > 1 {
				p.Series = append(p.Series, cumulative(s))
			}
		}
	}
	return p, len(p.Series) > 0
}

// quantity names what is counted in a unit.
func quantity(unit string) string {
	names := map[string]string{"ms": "time, ms", "us": "time, us", "ns": "time, ns", "s": "time, s", Rate: "rate, 1/s", "B": "bytes, B", "KiB": "bytes, KiB", "MiB": "bytes, MiB"}
	if name, ok := names[unit]; ok {
		return name
	}
	return "value, " + unit
}

// cumulative is the distribution of one arm.
func cumulative(s Samples) Series {
	sorted := slices.Sorted(slices.Values(s.Values))
	out := Series{Name: s.Arm}
	for i, v := range sorted {
		if math.IsInf(v, 1) {
			break
		}
		out.X, out.Y = append(out.X, v), append(out.Y, 100*float64(i+1)/float64(len(sorted)))
	}
	return out
}

// draw makes an SVG of a plot, without a word that could be anything but text.
func draw(p Plot) string {
	var b strings.Builder
	x, y, ok := p.axes()
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, plotWidth, plotHeight, html.EscapeString(p.Title+": "+p.YAxis+" over "+p.XAxis))
	if !ok {
		text(&b, plotWidth/2, plotHeight/2, "middle", "label", "nothing was measured")
		b.WriteString("</svg>")
		return b.String()
	}
	drawAxes(&b, p, x, y)
	for i, s := range p.Series[:min(len(p.Series), maxSeries)] {
		class := colour(s.Name, i)
		if p.Bars {
			drawBars(&b, s, class, x, y, i, len(p.Series))
		} else {
			drawLine(&b, s, class, x, y)
		}
		drawLegend(&b, s.Name, class, i, p.Bars)
	}
	b.WriteString("</svg>")
	return b.String()
}

// axes span all series; ok is false where there is nothing to draw.
func (p Plot) axes() (x, y axis, ok bool) {
	least, most, top := math.Inf(1), math.Inf(-1), 0.0
	low, high := least, most
	for _, s := range p.Series {
		var xs []float64
		for i := range min(len(s.X), len(s.Y)) {
			if finite(s.X[i]) && finite(s.Y[i]) {
				xs, top = append(xs, s.X[i]), max(top, s.Y[i])
			}
		}
		if slices.Sort(xs); len(xs) > 0 {
			least, most = min(least, xs[0]), max(most, xs[len(xs)-1])
			tail := int(tailShare * float64(len(xs)))
			low, high = min(low, xs[tail]), max(high, xs[len(xs)-1-tail])
		}
	}
	if math.IsInf(least, 0) {
		return x, y, false
	}
	if p.Bars {
		x = linearAxis(math.Floor(least), math.Ceil(most))
		x.from, x.to = math.Floor(least)-0.5, math.Ceil(most)+0.5
		x.ticks = slices.DeleteFunc(x.ticks, func(v float64) bool { return v < x.from || v > x.to || v != math.Trunc(v) })
	} else {
		x = newAxis(least, most, low, high)
	}
	return x, linearAxis(0, top), true
}

func finite(v float64) bool { return !math.IsInf(v, 0) && !math.IsNaN(v) }

// colour is the class of a series: arms have their own.
func colour(name string, i int) string {
	switch name {
	case ArmStock, ArmOurs, ArmFloor:
		return name
	}
	return fmt.Sprintf("c%d", i%classes)
}

func drawAxes(b *strings.Builder, p Plot, x, y axis) {
	for _, v := range y.ticks {
		py := downY(y.at(v))
		line(b, "grid", leftMargin, py, plotWidth-rightMargin, py)
		text(b, leftMargin-7, py+4, "end", "tick", tickText(v))
	}
	for _, v := range x.minor {
		line(b, "grid faint", rightX(x.at(v)), topMargin, rightX(x.at(v)), topMargin+innerHeight)
	}
	for _, v := range x.ticks {
		px := rightX(x.at(v))
		line(b, "grid", px, topMargin, px, topMargin+innerHeight)
		text(b, px, topMargin+innerHeight+16, "middle", "tick", tickText(v))
	}
	line(b, "axis", leftMargin, topMargin+innerHeight, plotWidth-rightMargin, topMargin+innerHeight)
	line(b, "axis", leftMargin, topMargin, leftMargin, topMargin+innerHeight)
	name := p.XAxis
	if x.log {
		name += " (logarithmic)"
	}
	text(b, leftMargin+innerWidth/2, plotHeight-8, "middle", "label", name)
	fmt.Fprintf(b, `<text class="label" text-anchor="middle" transform="translate(14 %g) rotate(-90)">%s</text>`, topMargin+innerHeight/2, html.EscapeString(p.YAxis))
}

// drawLine draws a line through the points, some of them where they are many.
func drawLine(b *strings.Builder, s Series, class string, x, y axis) {
	n := min(len(s.X), len(s.Y))
	var path strings.Builder
	for k := range min(n, plotPoints) {
		i := k
		if n > plotPoints {
			i = k * (n - 1) / (plotPoints - 1)
		}
		if !finite(s.X[i]) || !finite(s.Y[i]) {
			continue
		}
		verb := 'L'
		if path.Len() == 0 {
			verb = 'M'
		}
		fmt.Fprintf(&path, "%c%.1f %.1f", verb, rightX(x.at(s.X[i])), downY(y.at(s.Y[i])))
	}
	fmt.Fprintf(b, `<path class="line %s" d="%s"/>`, class, path.String())
}

// drawBars draws series i of n as bars beside those of the others.
func drawBars(b *strings.Builder, s Series, class string, x, y axis, i, n int) {
	room := innerWidth / (x.to - x.from) * barShare
	width := room / float64(n)
	for k := range min(len(s.X), len(s.Y)) {
		if !finite(s.X[k]) || !finite(s.Y[k]) {
			continue
		}
		top := downY(y.at(s.Y[k]))
		fmt.Fprintf(b, `<rect class="bar %s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`,
			class, rightX(x.at(s.X[k]))-room/2+float64(i)*width, top, max(width-1, 0.5), topMargin+innerHeight-top)
	}
}

// drawLegend names a series above the plot.
func drawLegend(b *strings.Builder, name, class string, i int, bars bool) {
	px := leftMargin + float64(i)*legendStep
	if bars {
		fmt.Fprintf(b, `<rect class="bar %s" x="%g" y="%g" width="%g" height="10"/>`, class, px, legend-9, legendLine)
	} else {
		fmt.Fprintf(b, `<path class="line %s" d="M%g %gh%g"/>`, class, px, legend-4, legendLine)
	}
	text(b, px+legendLine+legendGap, legend, "start", "legend", name)
}

func rightX(share float64) float64 { return leftMargin + share*innerWidth }
func downY(share float64) float64  { return topMargin + (1-share)*innerHeight }

func line(b *strings.Builder, class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(b, `<path class="%s" d="M%.1f %.1fL%.1f %.1f"/>`, class, x1, y1, x2, y2)
}

func text(b *strings.Builder, x, y float64, anchor, class, s string) {
	fmt.Fprintf(b, `<text class="%s" text-anchor="%s" x="%.1f" y="%.1f">%s</text>`, class, anchor, x, y, html.EscapeString(s))
}
