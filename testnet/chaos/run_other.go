//go:build !linux

package chaos

import "context"

// Run is for Linux alone: elsewhere it says so.
func Run(context.Context, Options) (Report, error) { return Report{}, Check() }
