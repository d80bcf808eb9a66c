package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"
)

type manCmd struct {
	Dir string `arg:"" name:"folder" help:"Folder to write into, made where it is not there."`
}

func (manCmd) Help() string {
	return `Writes the manual pages, one for cairn and one for each verb, from the same words as --help.

    cairn man man1
    man ./man1/cairn-publish.1`
}

// manPages says what was written.
type manPages struct {
	Folder string `json:"folder"`
	Pages  int    `json:"pages"`
}

func (v manPages) show(t *text) { t.line("wrote %d pages to %s", v.Pages, v.Folder) }

// Run writes the pages.
func (c manCmd) Run(s *session, parsed *kong.Context) error {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return usage(err, "name a folder that can be written")
	}
	pages := manual(parsed.Model)
	for name, page := range pages {
		if err := os.WriteFile(filepath.Join(c.Dir, name), []byte(page), 0o644); err != nil {
			return err
		}
	}
	return s.print(manPages{c.Dir, len(pages)})
}

// manual returns all pages by the names of their files.
func manual(app *kong.Application) map[string]string {
	pages := map[string]string{"cairn.1": manPage(app.Node, nil, about)}
	for _, verb := range app.Leaves(true) {
		pages[strings.ReplaceAll(verb.FullPath(), " ", "-")+".1"] = manPage(verb, app.Flags, verb.Detail)
	}
	return pages
}

// manPage is the page of a verb, or of the program. shared are the flags from above.
func manPage(n *kong.Node, shared []*kong.Flag, words string) string {
	var b strings.Builder
	name := strings.ReplaceAll(n.FullPath(), " ", "-")
	purpose := strings.TrimSuffix(n.Help, ".")
	if n.Type == kong.ApplicationNode {
		purpose = "tell where an agent is, and that an agent is no more"
	}
	fmt.Fprintf(&b, ".TH %s 1 \"\" %s Cairn\n.SH NAME\n%s \\- %s\n.SH SYNOPSIS\n", roff(strings.ToUpper(name)), roffQuote("cairn "+version), roff(name), roff(purpose))
	fmt.Fprintf(&b, ".B %s\n", roff(n.FullPath()))
	for _, arg := range n.Positional {
		fmt.Fprintf(&b, ".I %s\n", roff(arg.Summary()))
	}
	b.WriteString(".RI [ flags ]\n.SH DESCRIPTION\n")
	roffWords(&b, words)
	if n.Type == kong.ApplicationNode {
		b.WriteString(".SH VERBS\n")
		for _, verb := range n.Leaves(true) {
			fmt.Fprintf(&b, ".TP\n.BR %s (1)\n%s\n", roff(strings.ReplaceAll(verb.FullPath(), " ", "-")), roff(verb.Help))
		}
	}
	b.WriteString(".SH FLAGS\n")
	for _, f := range append(n.Flags[:len(n.Flags):len(n.Flags)], shared...) {
		if f.Hidden {
			continue
		}
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(f.String()), roff(strings.ReplaceAll(f.Help, "$$", "$")))
	}
	b.WriteString(".SH EXIT STATUS\n0 ok, 1 failed, 2 usage or bad input, 3 not found, 4 revoked, 5 expired, 6 partial: stored by too few peers, 7 unverified or not ready, 8 conflict.\n")
	if n.Type != kong.ApplicationNode {
		b.WriteString(".SH SEE ALSO\n.BR cairn (1)\n")
	}
	return b.String()
}

// roffWords writes paragraphs; lines that are set in are examples.
func roffWords(b *strings.Builder, words string) {
	example := false
	for line := range strings.Lines(words) {
		line = strings.TrimSuffix(line, "\n")
		text, in := strings.CutPrefix(line, "    ")
		switch {
		case in && !example:
			b.WriteString(".PP\n.nf\n.RS 4\n")
		case !in && example:
			b.WriteString(".RE\n.fi\n")
		}
		example = in
		switch {
		case line == "":
			b.WriteString(".PP\n")
		default:
			b.WriteString(roff(text) + "\n")
		}
	}
	if example {
		b.WriteString(".RE\n.fi\n")
	}
}

// roff makes text that roff sets as it is.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ").Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}

func roffQuote(text string) string { return `"` + roff(text) + `"` }
