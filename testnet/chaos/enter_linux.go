package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// closeLimit is how long what runs inside gets to end everything once it is told to.
const closeLimit = 60 * time.Second

// Enter runs the program self with args once more, inside network and mount namespaces
// that the kernel makes for it, and returns its exit code. Ending ctx asks it to end
// (SIGINT); should this process die, it is told so too. What it lacks is ErrLacks, and
// nothing was started then.
func Enter(ctx context.Context, self string, args []string, stdout, stderr io.Writer) (int, error) {
	if err := Check(); err != nil {
		return 0, err
	}
	outside, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrLacks, err)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.Env = append(os.Environ(), outsideEnv+"="+outside)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Unshareflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS, // mounts become private to it
		Setpgid:      true,                                       // a terminal's Ctrl-C comes through us, once
		Pdeathsig:    syscall.SIGTERM,
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = closeLimit
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.Exited():
		return exit.ExitCode(), nil
	case errors.Is(err, syscall.EPERM):
		return 0, fmt.Errorf("%w; it lacks the right to make namespaces (CAP_SYS_ADMIN): run it in a virtual machine or a privileged container", ErrLacks)
	case ctx.Err() != nil:
		return 0, errors.Join(context.Cause(ctx), err)
	}
	return 0, err
}

// Inside reports whether this process is the one that Enter started.
func Inside() bool { return os.Getenv(outsideEnv) != "" }
