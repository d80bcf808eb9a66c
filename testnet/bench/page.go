package bench

import (
	"bytes"
	_ "embed"
	"fmt"
	"html"
	"html/template"
	"slices"
	"strings"
)

//go:embed page.html
var pageTemplate string

//go:embed page.css
var pageStyle string

// What the template shows. All strings are escaped there; only SVG, which draw
// escapes itself, and the style are taken as they are.
type (
	pageView struct {
		Style    template.CSS
		Versions string
		Partial  bool
		Sections []sectionView
	}
	sectionView struct {
		Name      string
		Explained Explanation
		Cells     []cellView
	}
	cellView struct {
		Metric                      string
		Nodes                       int
		Matrix                      string
		Seed                        uint64
		Unit                        string
		StockP50, OursP50, FloorP50 string
		Ratio, Goal, Verdict        string
		Class, StockOverOurs        string
		Arms                        []armView
		Scores                      []scoreView
		Figures                     []figureView
		Remarks                     []string
		Plots                       []plotView
	}
	armView    struct{ Name, P50, P99, Max string }
	scoreView  struct{ Name, Value, Goal, Reached string }
	figureView struct{ Name, Value, Unit string }
	plotView   struct {
		Title string
		SVG   template.HTML
	}
)

// renderPage makes one page that needs nothing beside it.
func renderPage(r Report, versions string) ([]byte, error) {
	page, err := template.New("report").Funcs(template.FuncMap{"code": code, "nodes": nodesText}).Parse(pageTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := page.Execute(&b, viewOf(r, versions)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// viewOf groups the results by metric, in the order in which they came.
func viewOf(r Report, versions string) pageView {
	v := pageView{Style: template.CSS(pageStyle), Versions: versions, Partial: r.Partial}
	for _, res := range r.Results {
		i := slices.IndexFunc(v.Sections, func(s sectionView) bool { return s.Name == res.Metric })
		if i < 0 {
			m, _ := Find(res.Metric)
			i, v.Sections = len(v.Sections), append(v.Sections, sectionView{Name: res.Metric, Explained: m.Explained})
		}
		v.Sections[i].Cells = append(v.Sections[i].Cells, cellOf(res))
	}
	return v
}

func cellOf(r Result) cellView {
	c := cellView{
		Metric: r.Metric, Nodes: r.Nodes, Matrix: printable(r.Matrix), Seed: r.Seed, Unit: r.Unit,
		StockP50: halfOf(r.Stock), OursP50: halfOf(r.Ours), FloorP50: halfOf(r.Floor),
		Ratio: keyed(r.Ratio), Goal: keyed(r.Goal), Verdict: r.verdict(), Class: strings.ReplaceAll(r.verdict(), " ", "-"), StockOverOurs: r.stockOverOurs(), Remarks: r.remarks(),
	}
	for _, arm := range []struct {
		name string
		q    *Quantiles
	}{{ArmStock, r.Stock}, {ArmOurs, r.Ours}, {ArmFloor, r.Floor}} {
		if arm.q != nil {
			c.Arms = append(c.Arms, armView{arm.name, figure(arm.q.P50), figure(arm.q.P99), figure(arm.q.Max)})
		}
	}
	if r.Delivery != nil && (r.Stock != nil || r.Delivery.Stock > 0) {
		c.Figures = append(c.Figures, figureView{"delivered, stock", percent(r.Delivery.Stock), ""})
	}
	if r.Delivery != nil {
		c.Figures = append(c.Figures, figureView{"delivered, ours", percent(r.Delivery.Ours), ""})
	}
	for _, f := range r.Figures {
		c.Figures = append(c.Figures, figureView{f.Name, figure(f.Value), f.Unit})
	}
	c.Scores = scoresOf(r)
	if p, ok := distribution(r); ok {
		c.Plots = append(c.Plots, plotView{p.Title, template.HTML(draw(p))})
	}
	for _, p := range r.Plots {
		c.Plots = append(c.Plots, plotView{p.Title, template.HTML(draw(p))})
	}
	return c
}

// scoresOf sets every ratio and every goal side by side.
func scoresOf(r Result) []scoreView {
	all := make(map[string]float64)
	for key := range r.Ratio {
		all[key] = 0
	}
	for key := range r.Goal {
		all[key] = 0
	}
	var scores []scoreView
	for _, key := range sortedKeys(all) {
		s := scoreView{Name: key, Value: "-", Goal: "-"}
		got, unit, ok := r.scored(key)
		if ok {
			s.Value = figure(got)
		}
		if goal, has := r.Goal[key]; has {
			sign := "≤ "
			if unit == Rate || !ok && r.Unit == Rate {
				sign = "≥ "
			}
			s.Goal, s.Reached = sign+figure(goal), "no"
			if ok && reached(got, goal, unit) {
				s.Reached = "yes"
			}
		}
		scores = append(scores, s)
	}
	return scores
}

func halfOf(q *Quantiles) string {
	if q == nil {
		return "-"
	}
	return figure(q.P50)
}

// code turns `words` into the HTML of code, and escapes the rest.
func code(s string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(s, "`") {
		if part = html.EscapeString(part); i%2 == 1 {
			part = fmt.Sprintf("<code>%s</code>", part)
		}
		b.WriteString(part)
	}
	return template.HTML(b.String())
}
