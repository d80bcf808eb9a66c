package main

import (
	"time"

	"github.com/cairn-overlay/cairn/node/keyring"
)

type agentSpawnCmd struct {
	Parent      string `arg:"" name:"parent" help:"Name, ID or DID of the agent that answers for the new one; its key is here."`
	Name        string `arg:"" help:"Name of the new agent, for you alone: it is not published."`
	Certificate string `placeholder:"PATH" help:"Where the new agent's own revocation certificate goes. Default: its folder in the data directory."`
	RotationKey string `placeholder:"PATH" help:"Where its rotation key goes. Default: its folder in the data directory."`
	Seed        string `placeholder:"PATH" help:"Where the parent's revocation seed is, or goes with the first agent that it spawns. Default: the parent's folder in the data directory."`
	Life        life   `placeholder:"365d" help:"How long the agent may live, such as 1h or 30d; never longer than its parent. Default: 365d."`
	Work        int    `placeholder:"16" default:"16" help:"Bits of work in the ID, 0 to 40, as with \"cairn agent new\"; each try takes somewhat longer. Default: 16."`
}

func (agentSpawnCmd) Help() string {
	return `Makes an agent with the consent of another one, its parent, up to five below one another. It has keys and a name of its own and publishes by itself, and it ends when its parent does, at once and everywhere: by the parent's certificate with all others that descend from it, or alone, by its own certificate or the parent's revocation seed. When the parent's keys are rotated here, it gets the consent anew. A parent that the daemon knows to be revoked or in conflict spawns nobody: exit code 4 or 8. With -o raw it prints the ID alone.

    cairn agent spawn translator helper
    cairn revoke helper
    cairn revoke helper --seed /media/usb/translator.seed`
}

func (agentSpawnCmd) rawDoc() string { return "the ID" }

// Run makes the agent.
func (c *agentSpawnCmd) Run(s *session) error {
	dir, err := s.dir()
	if err != nil {
		return err
	}
	parent, err := s.agent(c.Parent)
	if err != nil {
		return err
	}
	keys, err := s.keys()
	if err != nil {
		return err
	}
	if err := s.mustStand(parent); err != nil {
		return err
	}
	asked := time.Now().Add(time.Duration(c.Life))
	a, err := keys.Spawn(parent.Name, c.Name, c.Seed, keyring.NewOptions{
		Life: time.Duration(c.Life), CertificatePath: c.Certificate, RotationKeyPath: c.RotationKey,
		Work: c.Work, Tried: s.grinding(c.Work),
	})
	if err != nil {
		return err
	}
	info := newAgentInfo(a)
	if err := s.print(newAgentResult{info, "cairn publish CARD.json --agent " + a.Name + s.dirFlag()}); err != nil {
		return err
	}
	s.shortened(asked, a.Identity.End())
	if parent.SeedPath == "" {
		if parent, err = keys.Get(parent.Name); err != nil {
			return err
		}
		warnOfPlace(s, dir, "revocation seed of "+parent.Name, parent.SeedPath)
	}
	return nil
}
