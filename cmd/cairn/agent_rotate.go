package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/records"
)

type agentRotateCmd struct {
	Agent   string `arg:"" name:"name|id" help:"Name, ID or DID of an agent whose key is here."`
	ColdKey string `placeholder:"PATH" help:"Where the rotation key is now, which this uses up. Default: where it was put."`
	NextKey string `placeholder:"PATH" help:"Where the next rotation key goes, such as a removable disk. Default: the agent's folder in the data directory."`
	Again   bool   `help:"Make no new keys: tell the daemon of the rotations that were made before."`
}

func (agentRotateCmd) Help() string {
	return `Makes a new signing key and a new rotation key, and has the old rotation key say so, which is used up with it and removed. The ID stays. From then on every node refuses what the old signing key signed: records, grants, claims, and consents to agents that it spawned. Here all of these are made anew at once: the daemon publishes again what it keeps alive, grants and claims that were not revoked get new files, for those whom they concern, and agents spawned here, and those below them, the consent of the new key; what these issued, and what anybody here handed on of it, is made anew in turn. An agent that also runs elsewhere has to be brought its new consent: "cairn agent export NAME FILE --without-key" here, "cairn agent import NAME FILE" there. An agent has at most 16 rotations.

Whoever stole the signing key can do nothing more after this; it never could rotate. Whoever stole the rotation key could: then two rotations contradict each other, every node says "conflict" (exit code 8) and gives no place any more, and all that is left is to revoke the agent. So keep the rotation key where nobody finds it, and no copy of it after its use.

    cairn agent rotate translator --cold-key /usb/old.key --next-key /usb/new.key

An agent that the daemon knows to be revoked or in conflict, or rotated by somebody else, keeps its keys: exit code 4 or 8, and nothing is used up. Exit code 6 means that too few nodes heard of it yet; it goes on spreading by itself.`
}

type rotateResult struct {
	agentInfo
	issuedAnew
	GossipPeers int `json:"gossip_peers"`
	Targets     int `json:"targets"`
	ReadBack    int `json:"read_back"`
}

func (r rotateResult) show(t *text) {
	t.line("rotated the keys of %s", r.Name)
	t.field("id", "%s", r.ID)
	t.field("rotations", "%d of %d", r.Rotations, records.MaxRotations)
	t.field("rotation key", "%s", r.RotationKey)
	t.field("told", "%s on the fact topic", count(r.GossipPeers, "peer"))
	for _, c := range r.Consents {
		t.field("new consent", "%s, %s", c.Name, c.next())
	}
	for _, g := range r.Grants {
		t.field("new grant", "%s by %s, for %s", g.File, g.Agent, g.Audience)
	}
	for _, c := range r.Claims {
		t.field("new claim", "%s by %s, about %s", c.File, c.Agent, c.Subject)
	}
}

// Run rotates.
func (c *agentRotateCmd) Run(s *session) error {
	a, err := s.agent(c.Agent)
	if err != nil {
		return err
	}
	keys, err := s.keys()
	if err != nil {
		return err
	}
	res := rotateResult{}
	if !c.Again {
		before, _ := keys.List() // issueAnew says which cannot be read
		if a, err = c.rotate(s, keys, a); err != nil {
			return err
		}
		if res.issuedAnew, err = s.issueAnew(keys, before); err != nil {
			s.warn("not all grants and claims were made anew: %s", err)
		}
	}
	if a.Proof.Own().Number() == 0 {
		return badInput("leave --again out", "%s was never rotated", a.Name)
	}
	res.agentInfo = newAgentInfo(a)
	err = s.withDaemon(func(ctx context.Context, client *api.Client) error {
		told, err := client.Rotate(ctx, a.Proof.Own())
		if err != nil {
			return err
		}
		res.GossipPeers, res.Targets, res.ReadBack = told.GossipPeers, told.Targets, told.ReadBack
		if err := s.print(res); err != nil {
			return err
		}
		return s.partial(told.Partial, told.Acks, told.Targets, told.Reason)
	})
	if errors.Is(err, api.ErrNotRunning) {
		return fmt.Errorf("the keys are rotated here, and no node knows: start the daemon, and run: cairn agent rotate %s --again%s: %w", a.Name, s.dirFlag(), err)
	}
	return err
}

// rotate makes the new keys.
func (c *agentRotateCmd) rotate(s *session, keys *keyring.Keyring, a keyring.Agent) (keyring.Agent, error) {
	dir, err := s.dir()
	if err != nil {
		return a, err
	}
	if err := s.mustStand(a); err != nil {
		return a, err
	}
	rotated, left, err := keys.Rotate(a.Name, keyring.RotateOptions{ColdKey: c.ColdKey, RotationKeyPath: c.NextKey})
	if rotated.Identity == nil {
		return a, err
	}
	if err != nil { // of children
		s.warn("%s", err)
	}
	s.warnOfUsedKeys(left)
	warnOfPlace(s, dir, "new rotation key", rotated.RotationKeyPath)
	return rotated, nil
}

// warnOfUsedKeys names keys that newer ones replaced and that are still on the disk.
func (s *session) warnOfUsedKeys(left []string) {
	for _, path := range left {
		s.warn("%s could not be removed; destroy it: whoever finds a used rotation key can bring the agent into conflict", path)
	}
}
