package main

import (
	"errors"
	"io/fs"
	"os"

	"github.com/cairn-overlay/cairn/node/keyring"
)

type agentSealCmd struct {
	Agent      string `arg:"" name:"name|id" help:"Name, ID or DID of an agent whose key is here."`
	MakeKey    bool   `help:"Make the key file first; it must not exist."`
	Passphrase bool   `help:"Lock the key file that is made with a passphrase, asked for at the terminal or taken from $$CAIRN_PASSPHRASE."`
}

func (agentSealCmd) Help() string {
	return `Encrypts an agent's signing key and rotation key with a key file, which from then on everything needs that uses them, the daemon too: --key-file, or $CAIRN_KEY_FILE. Keep it on another disk than the keys. It is an identity of age, so that age's own tools open the keys, and make such files. New agents are sealed wherever a key file is named.

A key file may have a passphrase of its own: --passphrase with --make-key, or "age -p" over one that age-keygen made. It is asked for at the terminal once in each command, and at the start of the daemon; where nobody sits there, $CAIRN_PASSPHRASE has it, which every process of that user can read.

Revocation certificates stay as they are: they must work when everything else is lost.

    cairn agent seal translator --key-file /media/usb/cairn.key --make-key
    cairn agent seal translator --key-file ~/cairn.key --make-key --passphrase
    cairn daemon --key-file /media/usb/cairn.key`
}

// Run seals the keys.
func (c *agentSealCmd) Run(s *session) error {
	file := s.keyFile()
	if file == "" {
		return badInput("name it with --key-file, and make one with --make-key", "no key file was named")
	}
	if c.Passphrase && !c.MakeKey {
		return badInput("an existing key file gets one with: age -p -a", "--passphrase is for --make-key")
	}
	if c.MakeKey {
		if err := c.makeKey(s, file); err != nil {
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

// makeKey makes the key file.
func (c *agentSealCmd) makeKey(s *session, file string) (err error) {
	var passphrase string
	if c.Passphrase {
		if passphrase, err = s.newPassphrase(); err != nil {
			return err
		}
	}
	return keyring.NewKeyFile(file, passphrase)
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
