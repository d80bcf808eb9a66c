package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/pelletier/go-toml/v2"
)

// configName is the configuration file of a data directory.
const configName = "cairn.toml"

// sources are where settings come from that no flag gave: the environment, then a
// configuration file. The zero value of all but env says nothing.
type sources struct {
	env    env
	file   string            // the configuration file; "" where there is none
	values map[string]any    // what it says
	came   map[string]string // where each setting came from, as messages name it
}

// BeforeResolve is kong's hook between the command line and what it leaves open.
func (c *cli) BeforeResolve(ctx *kong.Context) error {
	verb := ctx.Selected()
	if verb == nil || !onDir(strings.TrimPrefix(verb.FullPath(), "cairn ")) {
		return nil
	}
	if err := c.from.read(ctx); err != nil {
		return err
	}
	if settled(strings.TrimPrefix(verb.FullPath(), "cairn ")) {
		c.from.came = make(map[string]string)
		for _, p := range ctx.Path {
			if p.Flag != nil {
				c.from.came[p.Flag.Name] = "--" + p.Flag.Name
			}
		}
		ctx.AddResolver(c.from)
	}
	return nil
}

// read reads the configuration file: the one that is named, or else the one in the data
// directory, which need not be there.
func (s *sources) read(ctx *kong.Context) error {
	path := typed(ctx, "config")
	if path == "" {
		path = s.env.getenv(variable("config"))
	}
	named := path != ""
	if !named {
		c := &session{env: s.env, global: &global{Dir: typed(ctx, "dir")}}
		dir, err := c.dir()
		if err != nil {
			return nil // the verb will say so where it needs one
		}
		path = filepath.Join(dir, configName)
	}
	values, err := readConfig(path, settingFlags(ctx.Model))
	if errors.Is(err, fs.ErrNotExist) && !named {
		return nil
	}
	if err != nil {
		return err
	}
	if _, moved := values["dir"]; moved && !named && filepath.Clean(values["dir"].(string)) != filepath.Dir(path) {
		return badInput("leave dir out, or name the file with --config", "%s is the file of its own directory, and says dir = %q", path, values["dir"])
	}
	s.file, s.values = path, values
	return nil
}

// typed is a flag's value on the command line, "" where it was not given.
func typed(ctx *kong.Context, name string) string {
	for _, f := range ctx.Model.Flags {
		if f.Name == name {
			return fmt.Sprint(ctx.FlagValue(f))
		}
	}
	return ""
}

// readConfig reads a configuration file into values of the settings' types. Paths in it
// are relative to its folder. All keys that are no setting are one error.
func readConfig(path string, flags []*kong.Flag) (map[string]any, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, usage(fmt.Errorf("configuration file: %w", err), "name another one with --config; cairn config show prints one to begin with")
	}
	values, err := decodeConfig(b, flags)
	if err != nil {
		return nil, usage(fmt.Errorf("%s: %w", path, err), "cairn config show prints every key")
	}
	for _, f := range flags {
		if text, ok := values[f.Name].(string); ok && text != "" && f.Tag.Get("setting") == "path" && !filepath.IsAbs(text) {
			folder, err := filepath.Abs(filepath.Dir(path))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			values[f.Name] = filepath.Join(folder, text)
		}
	}
	return values, nil
}

// decodeConfig decodes TOML in which each key is a setting, of its type.
func decodeConfig(b []byte, flags []*kong.Flag) (map[string]any, error) {
	form := reflect.New(configForm(flags))
	dec := toml.NewDecoder(strings.NewReader(string(b)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(form.Interface()); err != nil {
		return nil, configError(err, flags)
	}
	values := make(map[string]any)
	for i, f := range flags {
		if v := form.Elem().Field(i); !v.IsNil() {
			values[f.Name] = v.Elem().Interface()
		}
	}
	return values, nil
}

// configForm is the struct of a configuration file: a pointer for each setting.
func configForm(flags []*kong.Flag) reflect.Type {
	var fields []reflect.StructField
	for i, f := range flags {
		fields = append(fields, reflect.StructField{
			Name: fmt.Sprintf("F%d", i), Type: reflect.PointerTo(f.Target.Type()),
			Tag: reflect.StructTag(fmt.Sprintf("toml:%q", f.Name)),
		})
	}
	return reflect.StructOf(fields)
}

// configError says where in the file the mistake is, and what was meant.
func configError(err error, flags []*kong.Flag) error {
	var names []string
	for _, f := range flags {
		names = append(names, f.Name)
	}
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case errors.As(err, &unknown):
		var all []error
		for _, e := range unknown.Errors {
			line, _ := e.Position()
			key := strings.Join(e.Key(), ".")
			hint := ""
			if best := nearest(strings.ReplaceAll(key, "_", "-"), names); best != "" {
				hint = fmt.Sprintf("; did you mean %q?", best)
			}
			all = append(all, fmt.Errorf("line %d: unknown key %q%s", line, key, hint))
		}
		return errors.Join(all...)
	case errors.As(err, &wrong):
		line, column := wrong.Position()
		if i := slices.Index(names, strings.Join(wrong.Key(), ".")); i >= 0 && strings.Contains(wrong.Error(), "cannot decode") {
			return fmt.Errorf("line %d, column %d: %s wants %s", line, column, names[i], kindOfValue(flags[i]))
		}
		return fmt.Errorf("line %d, column %d: %s", line, column, strings.TrimPrefix(wrong.Error(), "toml: "))
	}
	return err
}

// kindOfValue says how a setting's value is written in TOML.
func kindOfValue(f *kong.Flag) string {
	switch f.Target.Kind() {
	case reflect.Slice:
		return `a list of strings, such as ["..."]`
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return `a string, such as "..."`
	}
	return "a whole number"
}

// Validate is part of kong's interface; readConfig has done it.
func (s *sources) Validate(*kong.Application) error { return nil }

// Resolve gives kong a setting that no flag gave. Those that all verbs have in common
// are found by session.pathOf.
func (s *sources) Resolve(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
	if !f.Tag.Has("setting") {
		return nil, nil
	}
	name := variable(f.Name)
	text, value := s.env.getenv(name), s.values[f.Name]
	switch {
	case text != "":
		s.came[f.Name] = "$" + name
	case value != nil:
		s.came[f.Name] = f.Name + " in " + s.file
	}
	if f.Name == "dir" || f.Name == "key-file" {
		return nil, nil
	}
	if text == "" {
		if list, ok := value.([]string); ok {
			return anys(list), nil
		}
		return value, nil
	}
	if f.IsSlice() {
		return anys(strings.Split(text, ",")), nil
	}
	return text, nil
}

func anys(list []string) []any {
	all := []any{}
	for _, text := range list {
		all = append(all, strings.TrimSpace(text))
	}
	return all
}

// path is a path that the file gives, "" where it does not.
func (s *sources) path(key string) string {
	text, _ := s.values[key].(string)
	return text
}

// name is what messages call a setting: by where its value came from.
func (s *sources) name(key string) string {
	if s != nil && s.came[key] != "" {
		return s.came[key]
	}
	return "--" + key
}
