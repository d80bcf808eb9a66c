package main

import (
	"errors"
	"io/fs"
	"os"

	"github.com/cairn-overlay/cairn/node/keyring"
)

type agentSealCmd struct {
	Agent   string `arg:"" name:"name|id" help:"Name, ID or DID of an agent whose key is here."`
	MakeKey bool   `help:"Make the key file first; it must not exist."`
}

func (agentSealCmd) Help() string {
	return `Encrypts an agent's signing key and rotation key with a key file, which from then on everything needs that uses them, the daemon too: --key-file, or $CAIRN_KEY_FILE. Keep it on another disk than the keys. It is an identity of age, so that age's own tools open the keys, and make such files. New agents are sealed wherever a key file is named. Revocation certificates stay as they are: they must work when everything else is lost.

    cairn agent seal translator --key-file /media/usb/cairn.key --make-key
    cairn daemon --key-file /media/usb/cairn.key`
}

// Run seals the keys.
func (c *agentSealCmd) Run(s *session) error {
	file := s.keyFile()
	if file == "" {
		return badInput("name it with --key-file, and make one with --make-key", "no key file was named")
	}
	if c.MakeKey {
		if err := keyring.NewKeyFile(file); err != nil {
			return err
		}
	} else if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return &failure{exitNotFound, err, "make one with --make-key"}
	}
	a, err := s.agent(c.Agent)
	if err != nil {
		return err
	}
	keys, err := s.keys()
	if err != nil {
		return err
	}
	if err := keys.Seal(a.Name); err != nil {
		return err
	}
	if err := s.print(sealedAgent{newAgentInfo(a), file}); err != nil {
		return err
	}
	dir, err := s.dir()
	if err != nil {
		return err
	}
	warnOfPlace(s, dir, "key file", file)
	return nil
}

type sealedAgent struct {
	agentInfo
	KeyFile string `json:"key_file"`
}

func (a sealedAgent) show(t *text) {
	t.line("sealed the keys of %s", a.Name)
	t.field("id", "%s", a.ID)
	t.field("key file", "%s", a.KeyFile)
	t.field("next", "name the key file wherever the keys are used, the daemon too: --key-file, or $CAIRN_KEY_FILE")
}
