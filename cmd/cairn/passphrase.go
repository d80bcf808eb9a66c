package main

import (
	"fmt"
	"os"

	"golang.org/x/term"
)

// passphraseEnv has the passphrase of the key file where nobody can be asked.
const passphraseEnv = "CAIRN_PASSPHRASE"

// passphrase is that of the key file: what the environment says, or who sits at the terminal.
func (s *session) passphrase() (string, error) {
	if p := s.env.getenv(passphraseEnv); p != "" {
		return p, nil
	}
	return s.askPassphrase("passphrase of the key file: ")
}

// newPassphrase is one for a key file that is made now, asked for twice.
func (s *session) newPassphrase() (string, error) {
	if p := s.env.getenv(passphraseEnv); p != "" {
		return p, nil
	}
	first, err := s.askPassphrase("passphrase for the new key file: ")
	if err != nil {
		return "", err
	}
	again, err := s.askPassphrase("once more: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", badInput("type the same one twice", "the two passphrases differ")
	}
	return first, nil
}

// askPassphrase asks at the terminal, and shows nothing of what is typed.
func (s *session) askPassphrase(prompt string) (string, error) {
	in, ok := s.env.stdin.(*os.File)
	if !ok || !isTerminal(in) {
		return "", badInput("set $"+passphraseEnv, "there is no terminal to ask for the passphrase at")
	}
	fmt.Fprint(s.env.stderr, prompt)
	p, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(s.env.stderr)
	if err != nil {
		return "", fmt.Errorf("passphrase: %w", err)
	}
	if len(p) == 0 {
		return "", badInput("type one, or leave out --passphrase", "the passphrase is empty")
	}
	return string(p), nil
}
