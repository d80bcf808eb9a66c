package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

func (completionCmd) Help() string {
	return `Prints a script that lets a shell complete verbs and flags.

    cairn completion bash > /etc/bash_completion.d/cairn
    cairn completion zsh > ~/.zfunc/_cairn
    cairn completion fish > ~/.config/fish/completions/cairn.fish`
}

// Run prints the script.
func (c completionCmd) Run(s *session, parsed *kong.Context) error {
	var script string
	switch c.Shell {
	case "bash":
		script = bashCompletion(parsed.Model)
	case "zsh":
		script = zshCompletion(parsed.Model)
	case "fish":
		script = fishCompletion(parsed.Model)
	}
	return writeAll(s.env.stdout, []byte(script))
}

// option is one word that may come next.
type option struct{ word, help string }

// spot is a spot on the command line: the verbs so far, and what may follow.
type spot struct {
	path         string // "cairn agent"
	verbs, flags []option
}

// spots lists all spots, the verbs of one before what follows them.
func spots(app *kong.Application) (all []spot) {
	var walk func(n *kong.Node, shared []*kong.Flag)
	walk = func(n *kong.Node, shared []*kong.Flag) {
		at := spot{path: n.FullPath()}
		for _, child := range n.Children {
			if !child.Hidden {
				at.verbs = append(at.verbs, option{child.Name, firstSentence(child.Help)})
			}
		}
		shared = append(shared[:len(shared):len(shared)], n.Flags...)
		for _, f := range shared {
			if !f.Hidden {
				at.flags = append(at.flags, option{"--" + f.Name, firstSentence(settingHelp(f))})
			}
		}
		all = append(all, at)
		for _, child := range n.Children {
			if !child.Hidden {
				walk(child, shared)
			}
		}
	}
	walk(app.Node, nil)
	return all
}

func firstSentence(text string) string {
	first, _, _ := strings.Cut(text, ". ")
	return strings.TrimSuffix(first, ".")
}

func joined(choices []option) string {
	var all []string
	for _, c := range choices {
		all = append(all, c.word)
	}
	return strings.Join(all, " ")
}

// paths are the spots that are reached by a verb, quoted for a case of a shell.
func paths(all []spot) string {
	var quoted []string
	for _, at := range all[1:] {
		quoted = append(quoted, "'"+at.path+"'")
	}
	return strings.Join(quoted, "|")
}

func bashCompletion(app *kong.Application) string {
	var b strings.Builder
	all := spots(app)
	fmt.Fprintf(&b, `# Completion of cairn for bash; made by: cairn completion bash
_cairn() {
	local cur=${COMP_WORDS[COMP_CWORD]} path=cairn verbs= flags= word
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case "$path $word" in %s) path="$path $word" ;; esac
	done
	case $path in
`, paths(all))
	for _, at := range all {
		fmt.Fprintf(&b, "\t'%s') verbs='%s' flags='%s' ;;\n", at.path, joined(at.verbs), joined(at.flags))
	}
	b.WriteString(`	esac
	case $cur in
	-*) COMPREPLY=($(compgen -W "$flags" -- "$cur")) ;;
	*) COMPREPLY=($(compgen -W "$verbs" -- "$cur")) ;;
	esac
}
complete -o default -F _cairn cairn
`)
	return b.String()
}

func zshCompletion(app *kong.Application) string {
	var b strings.Builder
	all := spots(app)
	fmt.Fprintf(&b, `#compdef cairn
# Completion of cairn for zsh; made by: cairn completion zsh
_cairn() {
	local at=cairn word
	local -a verbs flags
	for word in "${(@)words[2,CURRENT-1]}"; do
		case "$at $word" in %s) at="$at $word" ;; esac
	done
	case $at in
`, paths(all))
	quote := func(choices []option) string {
		var quoted []string
		for _, c := range choices {
			quoted = append(quoted, "'"+strings.NewReplacer(":", `\:`, "'", `'\''`).Replace(c.word)+":"+strings.ReplaceAll(c.help, "'", `'\''`)+"'")
		}
		return strings.Join(quoted, " ")
	}
	for _, at := range all {
		fmt.Fprintf(&b, "\t'%s') verbs=(%s) flags=(%s) ;;\n", at.path, quote(at.verbs), quote(at.flags))
	}
	b.WriteString(`	esac
	if [[ $PREFIX == -* ]]; then
		_describe flag flags
	elif (( $#verbs )); then
		_describe verb verbs
	else
		_files
	fi
}
_cairn "$@"
`)
	return b.String()
}

func fishCompletion(app *kong.Application) string {
	var b strings.Builder
	all := spots(app)
	var known []string
	for _, at := range all[1:] {
		known = append(known, "'"+at.path+"'")
	}
	fmt.Fprintf(&b, `# Completion of cairn for fish; made by: cairn completion fish
function __cairn_at
	set -l path cairn
	for word in (commandline -opc)[2..]
		if contains -- "$path $word" %s
			set path "$path $word"
		end
	end
	test "$path" = "$argv"
end
`, strings.Join(known, " "))
	quote := func(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'" }
	for _, at := range all {
		for _, c := range at.verbs {
			fmt.Fprintf(&b, "complete -c cairn -f -n '__cairn_at %s' -a %s -d %s\n", at.path, c.word, quote(c.help))
		}
		for _, c := range at.flags {
			fmt.Fprintf(&b, "complete -c cairn -n '__cairn_at %s' -l %s -d %s\n", at.path, strings.TrimPrefix(c.word, "--"), quote(c.help))
		}
	}
	return b.String()
}
