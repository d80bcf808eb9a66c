package main

import (
	"strings"

	"github.com/alecthomas/kong"
)

// helpWidth is the widest line of help.
const helpWidth = 100

// about is the first thing that anybody reads.
const about = `Cairn tells where an agent is, and that an agent is no more, with no registry in the middle.

A first walk, in two terminals:

    cairn daemon
    cairn agent new translator
    cairn publish card.json --agent translator
    cairn resolve ID
    cairn revoke translator

Data goes to standard output, messages to standard error. Exit codes: 0 ok, 1 failed, 2 usage or bad input, 3 not found, 4 revoked, 5 expired, 6 partial: stored by too few peers, 7 unverified or not ready, 8 conflict.`

// helpFlag prints the help of the chosen verb and ends the parse with errHelp.
type helpFlag bool

// IgnoreDefault tells kong that the flag has no default to apply.
func (helpFlag) IgnoreDefault() {}

// BeforeReset is kong's hook for flags that act before anything else.
func (helpFlag) BeforeReset(ctx *kong.Context) error {
	fitGlobals(ctx)
	options := kong.HelpOptions{Compact: true, FlagsLast: true, WrapUpperBound: helpWidth, ValueFormatter: helpOf}
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil {
		return err
	}
	return errHelp
}

func helpOf(v *kong.Value) string { return v.Help }

// fitGlobals makes the help of the shared flags true for the chosen verb: daemon
// gives --api and --token-file a meaning of their own, and verbs that speak to no
// daemon do not show the flags for it. The one-line help is for lists of verbs; a
// verb's own page begins with its purpose.
func fitGlobals(ctx *kong.Context) {
	verb := ctx.Selected()
	if verb == nil {
		return
	}
	if verb.Detail != "" {
		verb.Help = ""
	}
	path := strings.TrimPrefix(verb.FullPath(), "cairn ")
	for _, f := range ctx.Model.Flags {
		switch f.Name {
		case "api":
			f.Hidden = offline(path)
			if settled(path) {
				f.Hidden, f.PlaceHolder, f.Help = false, "ADDR", apiSetting
			}
		case "token-file":
			f.Hidden = offline(path)
			if settled(path) {
				f.Hidden, f.Help = false, tokenSetting
			}
		case "timeout":
			f.Hidden = offline(path) || path == "daemon"
		case "dir", "config":
			f.Hidden = !onDir(path)
		case "key-file":
			f.Hidden = path == "config check"
		}
	}
}

// What two flags are to a daemon.
const (
	apiSetting   = "Open the HTTP API at this address too, such as " + exampleAPI + ". The other verbs use the control socket in the data directory, which is always open."
	tokenSetting = "File with the token of the HTTP API. Default: $CAIRN_TOKEN holds it, else one is made in the data directory."
)

// settled reports whether a verb takes the settings of a daemon.
func settled(path string) bool { return path == "daemon" || path == "config show" }

// onDir reports whether a verb has to do with the data directory.
func onDir(path string) bool {
	return path != "version" && path != "man" && !strings.HasPrefix(path, "completion") && path != "config profiles" && path != "config check" && !strings.HasPrefix(path, "record ")
}

// offline reports whether a verb works without any daemon.
func offline(path string) bool {
	return path == "init" || path == "man" || path == "obituary write" || strings.HasPrefix(path, "completion") || path == "version" || strings.HasPrefix(path, "config ") || strings.HasPrefix(path, "agent ") || strings.HasPrefix(path, "record ")
}
