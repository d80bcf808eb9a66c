package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/cairn-overlay/cairn/internal/shell"
	"github.com/cairn-overlay/cairn/node/keyring"
)

// session is what one run of a verb has at hand.
type session struct {
	ctx    context.Context
	env    env
	global *global
	from   *sources // what the configuration file says, and where settings came from
	log    *slog.Logger
}

// begin checks what all verbs have in common. verb is the chosen verb's struct.
func (s *session) begin(verb any) error {
	if _, ok := verb.(rawDoc); s.global.Output == raw && !ok {
		return badInput("use -o human, json or jsonl", "this verb has no raw form")
	}
	if s.global.Timeout <= 0 {
		return badInput("give a duration such as --timeout 10s", "--timeout %s is not positive", s.global.Timeout)
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.global.LogLevel)); err != nil {
		return usage(err, "use debug, info, warn or error")
	}
	opts := &slog.HandlerOptions{Level: level}
	s.log = slog.New(slog.NewTextHandler(s.env.stderr, opts))
	if s.global.LogFormat == "json" {
		s.log = slog.New(slog.NewJSONHandler(s.env.stderr, opts))
	}
	return nil
}

// finish says what went wrong, with the next step, and returns the exit code.
func (s *session) finish(err error) exitCode {
	if err == nil {
		return exitOK
	}
	var code exitCode
	if errors.As(err, &code) {
		return code
	}
	if s.ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.Cause(s.ctx))) {
		s.say("interrupted")
		return exitFailed
	}
	s.say("%s", explain(err))
	if next := s.nextStep(err); next != "" {
		s.say("%s", next)
	}
	return codeOf(err)
}

// explain is the text of an error.
func explain(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time: " + err.Error()
	}
	return err.Error()
}

// dir is the data directory: --dir, $CAIRN_DIR, dir of the configuration file, or ~/.cairn.
func (s *session) dir() (string, error) {
	dir := s.pathOf("dir", s.global.Dir)
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", usage(fmt.Errorf("no data directory: %w", err), "name one with --dir or $CAIRN_DIR")
		}
		dir = filepath.Join(home, ".cairn")
	}
	if st, err := os.Stat(dir); err == nil && !st.IsDir() {
		return "", badInput("name a directory with --dir or $CAIRN_DIR; it is made where it is missing", "the data directory %s is a file", dir)
	}
	return filepath.Abs(dir)
}

// pathOf is a path that every verb takes from where the daemon does: what was typed, the
// environment, the configuration file.
func (s *session) pathOf(key, typed string) string {
	if typed == "" {
		typed = s.env.getenv(variable(key))
	}
	if typed == "" && s.from != nil {
		typed = s.from.path(key)
	}
	return typed
}

// dirFlag is what to add to a suggested command so that it means the same directory.
func (s *session) dirFlag() string {
	switch {
	case s.global.Dir != "":
		return " --dir " + shell.Word(s.global.Dir)
	case s.global.Config != "":
		return " --config " + shell.Word(s.global.Config)
	}
	return ""
}

// keys opens the agents' keys under the data directory.
func (s *session) keys() (*keyring.Keyring, error) {
	dir, err := s.dir()
	if err != nil {
		return nil, err
	}
	keys, err := keyring.Open(dir)
	if err != nil {
		return nil, err
	}
	if file := s.keyFile(); file != "" {
		keys.Unlock(file, s.passphrase)
	}
	return keys, nil
}

// keyFile is the file that opens sealed keys, or "".
func (s *session) keyFile() string { return s.pathOf("key-file", s.global.KeyFile) }
