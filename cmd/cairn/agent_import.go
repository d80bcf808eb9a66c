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

An agent that is here under that name is brought up to date, whole or not at all: newer keys take the place of those that gave way to them, and the newer consent of its parent that of the old one. What is here and still of use stays. A file that is older than what is here is refused, and so is one whose rotations contradict it. Then publish again.

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
	_, missing := keys.Get(c.Name)
	a, left, err := keys.Import(c.Name, bytes.NewReader(b))
	if err != nil {
		return err
	}
	s.warnOfUsedKeys(left)
	if c.File != "-" {
		s.warn("%s still holds the keys; destroy it when you need it no more", c.File)
	}
	return s.print(importResult{newAgentInfo(a), missing == nil, "cairn publish CARD.json --agent " + a.Name + s.dirFlag()})
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
	Updated bool `json:"updated"` // it was here before
	next    string
}

func (r importResult) show(t *text) {
	if r.Updated {
		t.line("the agent %s was here, and is up to date now", r.Name)
	} else {
		t.line("the agent %s is here now", r.Name)
	}
	t.field("id", "%s", r.ID)
	t.field("next", "%s", r.next)
}
