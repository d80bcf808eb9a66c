package main

import (
	"reflect"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/pelletier/go-toml/v2"
)

type configShowCmd struct{ settings }

func (configShowCmd) Help() string {
	return `Prints every setting as "cairn daemon" with the same flags would have it, as a configuration file: each with its help, and with where its value comes from. What is not set is commented out. The output is a configuration file that means the same.

    cairn config show
    cairn config show --profile lan --api 127.0.0.1:7475 > ~/.cairn/cairn.toml
    cairn config show -o json`
}

// setting is one setting with its value.
type setting struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
	From  string `json:"from"` // "default", or a flag, a variable, a file
	help  string
}

// settingList is what the verb prints.
type settingList struct {
	File     string    `json:"file,omitempty"` // the configuration file that was read
	Settings []setting `json:"settings"`
}

// Run prints the settings, once they are such that a daemon would take them.
func (c *configShowCmd) Run(s *session, parsed *kong.Context) error {
	if _, err := c.node(s); err != nil {
		return err
	}
	list, err := s.settings(settingFlags(parsed.Model), parsed.Selected().Flags)
	if err != nil {
		return err
	}
	return s.print(list)
}

// settings lists the settings with their values. own are the flags of the verb at hand,
// which stand in for those of daemon.
func (s *session) settings(all, own []*kong.Flag) (settingList, error) {
	list := settingList{File: s.from.file}
	for _, f := range all {
		for _, o := range own {
			if o.Name == f.Name {
				f = o
			}
		}
		v := setting{Key: f.Name, Value: f.Target.Interface(), From: s.from.came[f.Name], help: settingHelp(f)}
		if v.From == "" {
			v.From = "default"
		}
		switch f.Name {
		case "dir":
			dir, err := s.dir()
			if err != nil {
				return list, err
			}
			v.Value = dir
		case "key-file":
			v.Value = s.keyFile()
		}
		list.Settings = append(list.Settings, v)
	}
	return list, nil
}

func (l settingList) show(t *text) {
	for i, v := range l.Settings {
		if i > 0 {
			t.line("")
		}
		for line := range strings.Lines(wrap(v.help, 96)) {
			t.line("# %s", strings.TrimSuffix(line, "\n"))
		}
		if list := reflect.ValueOf(v.Value); list.Kind() == reflect.Slice && list.IsNil() {
			v.Value = []string{}
		}
		line, err := toml.Marshal(map[string]any{v.Key: v.Value})
		if err != nil {
			t.err = err
			return
		}
		text := strings.TrimSuffix(string(line), "\n")
		if v.From == "default" && v.Key != "dir" {
			t.line("# %s", text)
		} else {
			t.line("%s  # %s", text, v.From)
		}
	}
}

// wrap breaks text into lines of at most so many bytes, at spaces.
func wrap(text string, width int) string {
	var b strings.Builder
	at := 0
	for _, word := range strings.Fields(text) {
		switch {
		case at > 0 && at+1+len(word) > width:
			b.WriteByte('\n')
			at = 0
		case at > 0:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	return b.String()
}
