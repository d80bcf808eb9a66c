// Package shell writes words for the command lines that people paste.
package shell

import "strings"

// plain are the characters that no shell takes apart.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/:._-"

// Word is s as one word of a command line: quoted where a shell would take it apart.
func Word(s string) string {
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
