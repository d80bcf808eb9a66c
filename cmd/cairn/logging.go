package main

import (
	"context"
	"log/slog"

	"github.com/libp2p/go-libp2p/gologshim"
)

// tameLoggers sends what the libraries below log to our logger, and only with
// --log-level debug: what matters of it comes up as errors and states of the node.
func (s *session) tameLoggers() {
	handler := s.log.Handler()
	if !s.log.Enabled(context.Background(), slog.LevelDebug) {
		handler = slog.DiscardHandler
	}
	gologshim.SetDefaultHandler(handler)
	slog.SetDefault(slog.New(handler)) // and with it package log
}
