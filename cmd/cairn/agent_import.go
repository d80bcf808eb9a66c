package main

import (
	"bytes"
	"os"
)

// maxExport bounds an exported agent.
const maxExport = 256 << 10

type agentImportCmd struct {
	Name string `arg:"" help:"Name that the agent gets here."`
	File string `arg:"" help:"What \"agent export\" wrote; - is standard input."`
}

func (agentImportCmd) Help() string {
	return `Reads an agent from a file that "cairn agent export" wrote. The file is a secret: others must not be able to read it, and it is to be destroyed afterwards.

    cairn agent import translator translator.agent
    cairn publish card.json --agent translator`
}

// Run reads the file.
func (c *agentImportCmd) Run(s *session) error {
	keys, err := s.keys()
	if err != nil {
		return err
	}
	if err := checkSecretFile(c.File); err != nil {
		return err
	}
	b, err := s.readInput(c.File, maxExport)
	if err != nil {
		return err
	}
	a, err := keys.Import(c.Name, bytes.NewReader(b))
	if err != nil {
		return err
	}
	if c.File != "-" {
		s.warn("%s still holds the keys; destroy it when you need it no more", c.File)
	}
	return s.print(importResult{newAgentInfo(a), "cairn publish CARD.json --agent " + a.Name + s.dirFlag()})
}

// checkSecretFile refuses a file that others can read.
func checkSecretFile(path string) error {
	st, err := os.Stat(path)
	if path == "-" || err != nil || !st.Mode().IsRegular() || os.PathSeparator != '/' {
		return nil // reading it says what is wrong
	}
	if mode := st.Mode().Perm(); mode&0o077 != 0 {
		return badInput("run: chmod 600 "+path+", and ask yourself who has read it", "%s holds keys and may be read by others (mode %04o)", path, mode)
	}
	return nil
}

type importResult struct {
	agentInfo
	next string
}

func (r importResult) show(t *text) {
	t.line("the agent %s is here now", r.Name)
	t.field("id", "%s", r.ID)
	t.field("next", "%s", r.next)
}
