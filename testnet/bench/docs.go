package bench

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

// docsIntro stands at the head of the page.
//
//go:embed docs.md
var docsIntro string

// A block of figures stands between two comments, which a reader of the rendered
// page does not see.
const (
	figuresBegin = "<!-- figures of %s -->\n"
	figuresEnd   = "<!-- end -->\n"
	noFigures    = "Not measured yet.\n"
)

// WriteDocs writes the page of the documentation: what each metric is, and the
// figures of a report. Those of metrics that the report does not have, or has only
// in part, stay as they are in the file.
func WriteDocs(path string, r Report) error {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("docs: %w", err)
	}
	blocks := figureBlocks(string(old))
	for _, m := range Metrics() {
		if block := figuresOf(m, r); block != "" {
			blocks[m.Name] = block
		}
	}
	if err := replace(path, []byte(renderDocs(blocks))); err != nil {
		return fmt.Errorf("docs: %w", err)
	}
	return nil
}

// renderDocs is the page with these blocks of figures, by metric.
func renderDocs(blocks map[string]string) string {
	var b strings.Builder
	b.WriteString(docsIntro)
	for _, m := range Metrics() {
		e := m.Explained
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n**Unit.** %s\n\n**Floor.** %s\n\n**Goal.** %s\n\n", m.Name, e.Measures, e.Unit, e.Floor, e.Goal)
		block := blocks[m.Name]
		if block == "" {
			block = noFigures
		}
		fmt.Fprintf(&b, figuresBegin+"%s"+figuresEnd, m.Name, block)
	}
	return b.String()
}

var figuresBlock = regexp.MustCompile(`(?s)<!-- figures of (\S+) -->\n(.*?)<!-- end -->\n`)

// figureBlocks are the blocks of a page, by metric.
func figureBlocks(page string) map[string]string {
	blocks := make(map[string]string)
	for _, m := range figuresBlock.FindAllStringSubmatch(page, -1) {
		blocks[m[1]] = m[2]
	}
	return blocks
}

// figuresOf is a metric's block, or nothing where the report has none. Where time is
// real, only what does not depend on the machine is told.
func figuresOf(m Metric, r Report) string {
	var rows, beside strings.Builder
	for _, res := range r.Results {
		if res.Metric != m.Name || res.Partial || res.Refused != "" {
			continue
		}
		stock, ours, floor := "-", "-", "-"
		if m.neutral(res.Unit) {
			stock, ours, floor = triple(res.Stock), triple(res.Ours), triple(res.Floor)
		}
		fmt.Fprintf(&rows, "| %d | %s | %d | %s | %s | %s | %s | %s | %s | %s | %s |\n", res.Nodes, cell(res.Matrix), res.Seed, res.Unit,
			stock, ours, floor, keyed(res.Ratio), keyed(res.Goal), res.stockOverOurs(), res.verdict())
		var words []string
		for _, f := range res.Figures {
			if m.neutral(f.Unit) {
				words = append(words, strings.TrimSuffix(fmt.Sprintf("%s %s %s", cell(f.Name), figure(f.Value), f.Unit), " 1"))
			}
		}
		if len(words) > 0 {
			fmt.Fprintf(&beside, "\nSeed %d, matrix %s: %s.\n", res.Seed, cell(res.Matrix), strings.Join(words, ", "))
		}
		for _, note := range res.remarks() {
			fmt.Fprintf(&beside, "\nNote: %s.\n", strings.TrimSuffix(cell(note), "."))
		}
	}
	if rows.Len() == 0 {
		return ""
	}
	return "| nodes | matrix | seed | unit | stock | ours | floor | ours/floor | goal | stock/ours | held |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|\n" + rows.String() + beside.String() +
		"\nMeasured with " + r.versions() + ".\n"
}

// neutral reports whether a figure in this unit says the same on any machine.
func (m Metric) neutral(unit string) bool {
	switch unit {
	case Rate, "s", "ms", "us", "ns":
		return m.Virtual
	}
	return true
}

// cell is text that stays in its cell of a Markdown table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;", "`", "'").Replace(printable(s))
}
