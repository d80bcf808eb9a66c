package scenario

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// action is a command that was understood.
type action interface {
	// do carries it out. What it says is its output; an error fails the scenario.
	do(ctx context.Context, p *play) error
}

// verb is a kind of command.
type verb struct {
	name string
	// form is how it is written; it stands in every error and in docs/testnet.md.
	form string
	read func(a *args) action
	// needs says what a world lacks for it, nil where any world will do.
	needs func(World) string
}

// args are the words of a command behind its verb. The first fault sticks.
type args struct {
	words []string
	names map[string]bool // agents and grants declared so far
	fault string
}

// parseCommand reads one line.
func parseCommand(text string, names map[string]bool) (command, error) {
	words := strings.Fields(text)
	for _, v := range verbs() {
		if v.name != words[0] {
			continue
		}
		a := &args{words: words[1:], names: names}
		do := v.read(a)
		if len(a.words) > 0 {
			a.fail("%q is too much", strings.Join(a.words, " "))
		}
		if a.fault != "" {
			return command{}, fmt.Errorf("%s: want %s: %s", v.name, v.form, a.fault)
		}
		return command{text: text, verb: v, do: do}, nil
	}
	return command{}, fmt.Errorf("%s: want one of %s", words[0], verbNames())
}

func verbNames() string {
	var names []string
	for _, v := range verbs() {
		names = append(names, v.name)
	}
	return strings.Join(names, ", ")
}

func (a *args) fail(format string, v ...any) {
	if a.fault == "" {
		a.fault = fmt.Sprintf(format, v...)
	}
	a.words = nil
}

// more reports whether there are words left.
func (a *args) more() bool { return len(a.words) > 0 }

// next takes one word.
func (a *args) next(what string) string {
	if len(a.words) == 0 {
		a.fail("%s is missing", what)
		return ""
	}
	w := a.words[0]
	a.words = a.words[1:]
	return w
}

// try takes the next word where it is this one.
func (a *args) try(word string) bool {
	if len(a.words) > 0 && a.words[0] == word {
		a.words = a.words[1:]
		return true
	}
	return false
}

// word takes the next word, which must be this one.
func (a *args) word(word string) {
	if !a.try(word) {
		a.fail("the word %s is missing", word)
	}
}

// option takes the value of a word such as k=5 where it comes next.
func (a *args) option(key string) (string, bool) {
	if len(a.words) == 0 {
		return "", false
	}
	v, ok := strings.CutPrefix(a.words[0], key+"=")
	if ok {
		a.words = a.words[1:]
	}
	return v, ok
}

// oneOf takes one of a few words.
func (a *args) oneOf(what string, words ...string) string {
	w := a.next(what)
	for _, known := range words {
		if w == known {
			return w
		}
	}
	a.fail("%q is none of %s", w, strings.Join(words, ", "))
	return ""
}

// maxCount bounds every number of a scenario.
const maxCount = 1_000_000

// count reads a number from 1 up.
func (a *args) count(what, s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > maxCount {
		a.fail("%s %q is no number from 1 to %d", what, s, maxCount)
	}
	return n
}

// time reads a duration such as 250ms, 10m or 24h.
func (a *args) time(what, s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > 1000*time.Hour {
		a.fail("%s %q is no time such as 250ms, 10m or 24h", what, s)
	}
	return d
}

// share reads a percentage.
func (a *args) share(what, s string) float64 {
	digits, ok := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || !(v >= 0) || v > 100_000 {
		a.fail("%s %q is no percentage such as 5%%", what, s)
	}
	return v / 100
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}$`)

// newName takes a name that is not taken, and declares it.
func (a *args) newName() string {
	w := a.next("the name")
	switch {
	case a.fault != "":
	case !nameForm.MatchString(w):
		a.fail("%q is no name such as a1", w)
	case a.names[w]:
		a.fail("there is an agent %q already", w)
	default:
		a.names[w] = true
	}
	return w
}

// agent takes the name of a declared agent.
func (a *args) agent() string {
	w := a.next("the agent")
	if a.fault == "" && !a.names[w] {
		a.fail("there is no agent %q; agent %s makes one", w, w)
	}
	return w
}

// node takes the number of one node.
func (a *args) node() int {
	return a.nodeOf(a.next("the node"))
}

func (a *args) nodeOf(w string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(w, "n"))
	if err != nil || n < 1 || n > maxCount {
		a.fail("%q is no node such as 7", w)
	}
	return n
}

// nodes takes a set of nodes.
func (a *args) nodes() set {
	w := a.next("the nodes")
	if w == "" {
		return set{}
	}
	s, err := parseSet(w)
	if err != nil {
		a.fail("%v", err)
	}
	if s.all && a.try("but") {
		s.but = a.nodes().of
	}
	return s
}

// within takes the limit of a command where there is one.
func (a *args) within() time.Duration { return a.limit("within") }

func (a *args) limit(word string) time.Duration {
	if !a.try(word) {
		return 0
	}
	return a.time("the time after "+word, a.next("the time after "+word))
}
