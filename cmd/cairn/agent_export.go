package main

import (
	"errors"
	"io/fs"
	"os"

	"github.com/cairn-overlay/cairn/node/keyring"
)

type agentExportCmd struct {
	Agent           string `arg:"" name:"name|id" help:"Name, ID or DID of an agent whose key is here."`
	File            string `arg:"" help:"File to write, mode 0600; it must not exist. - is standard output."`
	WithCertificate bool   `help:"Put the revocation certificate in too: whoever gets the file can end the agent."`
	WithoutKey      bool   `help:"Leave the signing key out: only rotations and the parent's consent go into the file, to bring an agent up to date where its key is."`
	WithRotationKey bool   `help:"Put the rotation key in too: whoever gets the file can take the agent over."`
}

func (agentExportCmd) Help() string {
	return `Writes an agent with its signing key into one file, to run it from another machine. The file is a secret. Two places that publish one agent take turns in outranking each other: withdraw it here first. Without the key (--without-key) it is no secret: it carries a parent's new consent to an agent that runs elsewhere, after the parent's keys were rotated here.

    cairn agent export translator translator.agent
    cairn agent export translator - | ssh elsewhere cairn agent import translator -
    cairn agent export helper helper.agent --without-key`
}

type exportResult struct {
	agentInfo
	File string `json:"file"`
}

// Run writes the file.
func (c *agentExportCmd) Run(s *session) error {
	a, err := s.agent(c.Agent)
	if err != nil {
		return err
	}
	keys, err := s.keys()
	if err != nil {
		return err
	}
	opts := keyring.ExportOptions{Certificate: c.WithCertificate, RotationKey: c.WithRotationKey, WithoutKey: c.WithoutKey}
	if c.File == "-" {
		if !c.WithoutKey && isTerminal(s.env.stdout) {
			return badInput("name a file, or pipe it on", "the keys are secret and do not go to a terminal")
		}
		return keys.Export(a.Name, s.env.stdout, opts)
	}
	if err := exportFile(keys, a.Name, c.File, opts); err != nil {
		return err
	}
	return s.print(exportResult{newAgentInfo(a), c.File})
}

// exportFile writes a new file, and leaves none behind where that fails.
func exportFile(keys *keyring.Keyring, name, path string, opts keyring.ExportOptions) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return usage(err, "name a file that does not exist; keys never overwrite anything")
	}
	if err != nil {
		return usage(err, "name a file that can be written")
	}
	err = keys.Export(name, f, opts)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func (r exportResult) show(t *text) {
	t.line("wrote the agent %s to %s", r.Name, r.File)
	t.field("id", "%s", r.ID)
	t.field("next", "on the other machine: cairn agent import %s %s", r.Name, r.File)
}
