package main

import (
	"time"

	"github.com/cairn-overlay/cairn/node/keyring"
	"github.com/cairn-overlay/cairn/records"
)

// agentCmd are the verbs for agents' keys. They work on files; no daemon is needed.
type agentCmd struct {
	New    agentNewCmd    `cmd:"" help:"Make an agent: its keys and its revocation certificate."`
	Spawn  agentSpawnCmd  `cmd:"" help:"Make an agent that another one answers for, and can end."`
	Rotate agentRotateCmd `cmd:"" help:"Replace an agent's signing key, which is lost or stolen."`
	Sheet  agentSheetCmd  `cmd:"" help:"Print what ends an agent, for a safe."`
	List   agentListCmd   `cmd:"" help:"List the agents whose keys are here."`
	Show   agentShowCmd   `cmd:"" help:"Show one agent."`
	Seal   agentSealCmd   `cmd:"" help:"Encrypt an agent's keys on this disk."`
	Export agentExportCmd `cmd:"" help:"Write an agent's keys into one file, to move it."`
	Import agentImportCmd `cmd:"" help:"Read an agent's keys from such a file."`
}

func (agentCmd) Help() string {
	return `An agent is an identity: signing keys that say where it is, a rotation key for the day when these must be replaced, and a revocation certificate that ends it. Its ID is the hash of what it starts with, so it proves itself.

    cairn agent new translator
    cairn agent spawn translator helper
    cairn agent rotate translator
    cairn agent list`
}

// agentInfo is an agent as the agent verbs print it.
type agentInfo struct {
	ID          records.AgentID `json:"id"`
	DID         string          `json:"did"`
	Name        string          `json:"name"`
	Certificate string          `json:"certificate"`  // path, empty where it is not here
	RotationKey string          `json:"rotation_key"` // path, empty where it is not here
	Created     time.Time       `json:"created"`
	End         time.Time       `json:"end"`
	Rotations   uint64          `json:"rotations,omitempty"`       // how often its signing keys were replaced
	Parent      string          `json:"parent,omitempty"`          // ID of the agent that spawned it
	Seed        string          `json:"revocation_seed,omitempty"` // path of the seed that ends those it spawned
}

func newAgentInfo(a keyring.Agent) agentInfo {
	info := agentInfo{
		ID: a.ID(), DID: a.ID().DID(), Name: a.Name, Certificate: a.CertificatePath, RotationKey: a.RotationKeyPath,
		Created: a.Created.UTC(), End: a.Identity.End(), Rotations: a.Proof.Own().Number(), Seed: a.SeedPath,
	}
	if parent := a.Identity.Genesis().Parent; parent != nil {
		info.Parent = parent.String()
	}
	return info
}
