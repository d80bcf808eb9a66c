package chaos

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
)

// run runs a program to its end and returns what it printed. What it said on standard
// error becomes the error.
func run(stdin, program string, args ...string) ([]byte, error) {
	cmd := exec.Command(program, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w: %.300s", program, strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}

// runAll runs command lines of one program, one after the other, up to the first that fails.
func runAll(program string, lines ...string) error {
	for _, line := range lines {
		if _, err := run("", program, strings.Fields(line)...); err != nil {
			return err
		}
	}
	return nil
}
