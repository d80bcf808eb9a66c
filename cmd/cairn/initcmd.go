package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/multiformats/go-multiaddr"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/node/api"
)

type initCmd struct{}

func (initCmd) Help() string {
	return `Makes the data directory (mode 0700) with the node's key and a token for the HTTP API. What is there stays as it is. You need not run it: "cairn daemon" and "cairn agent new" make what they need.

    cairn init
    cairn init --dir /srv/cairn -o json`
}

type initResult struct {
	Dir   string `json:"dir"`
	Peer  string `json:"peer"`
	Token string `json:"token"` // where the token stands, never the token
	next  string
}

// Run starts a node that nobody can reach and closes it again: what is wrong with
// the directory shows here, and not when the daemon is to start.
func (initCmd) Run(s *session) error {
	dir, err := s.dir()
	if err != nil {
		return err
	}
	n, err := node.New(node.Config{
		Dir: dir, Listen: []multiaddr.Multiaddr{multiaddr.StringCast("/ip4/127.0.0.1/tcp/0")},
		Logger: s.log, Version: version,
	})
	if err != nil {
		return err
	}
	token := filepath.Join(dir, "token")
	_, err = api.EnsureToken(token)
	if err = errors.Join(err, n.Close()); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	return s.print(initResult{Dir: dir, Peer: n.ID().String(), Token: token, next: "cairn daemon" + s.dirFlag()})
}

func (r initResult) show(t *text) {
	t.line("the data directory is ready")
	t.field("directory", "%s", r.Dir)
	t.field("peer", "%s", r.Peer)
	t.field("token", "in %s", r.Token)
	t.field("next", "%s", r.next)
}
