package main

import (
	"time"

	"github.com/alecthomas/kong"
)

// cli is the grammar: the verbs, and the flags that all of them share.
type cli struct {
	global

	Init   initCmd   `cmd:"" group:"node" help:"Make a data directory with a node key and an API token."`
	Daemon daemonCmd `cmd:"" group:"node" help:"Run a node."`
	Stop   stopCmd   `cmd:"" group:"node" help:"Stop the daemon, and wait until it has stopped."`
	Status statusCmd `cmd:"" group:"node" help:"Say how the daemon stands."`
	Peers  peersCmd  `cmd:"" group:"node" help:"List the connected peers."`
	Top    topCmd    `cmd:"" group:"node" help:"Watch the daemon at work."`
	Doctor doctorCmd `cmd:"" group:"node" help:"Find out what is wrong, and what to do about it."`

	Store storeCmd `cmd:"" group:"node" help:"Look into a node's store, back it up, bring it back."`

	Agent    agentCmd    `cmd:"" group:"agents" help:"Make, list and move agents' keys."`
	Publish  publishCmd  `cmd:"" group:"agents" help:"Say where an agent is, from its own description."`
	Withdraw withdrawCmd `cmd:"" group:"agents" help:"Stop renewing an agent's lease, without revoking."`
	Grant    grantCmd    `cmd:"" group:"agents" help:"Let another agent act for one of yours, within bounds."`
	Claim    claimCmd    `cmd:"" group:"agents" help:"Attest that an agent can do something, and judge such claims."`
	Obituary obituaryCmd `cmd:"" group:"agents" help:"Say why an agent was ended, and who takes its place."`
	Revoke   revokeCmd   `cmd:"" group:"agents" help:"End an agent for good, everywhere."`

	Resolve    resolveCmd    `cmd:"" group:"ask" help:"Find out where an agent is, and how good the answer is."`
	Explain    explainCmd    `cmd:"" group:"ask" help:"Say why the answer about an agent is what it is, and what would change it."`
	Challenge  challengeCmd  `cmd:"" group:"ask" help:"Have whoever answers at an agent's endpoints prove that it holds the agent's key."`
	Receipt    receiptCmd    `cmd:"" group:"ask" help:"Have the node sign that an agent's record stands, and verify such receipts."`
	Verify     verifyCmd     `cmd:"" group:"ask" help:"Say whether a file is what an agent says that it runs."`
	Watch      watchCmd      `cmd:"" group:"ask" help:"Follow an agent, or all revocations, as they become known."`
	Facts      factsCmd      `cmd:"" group:"ask" help:"Carry revocations by file, where no network does."`
	Record     recordCmd     `cmd:"" group:"ask" help:"Look into signed bytes, offline."`
	Config     configCmd     `cmd:"" group:"ask" help:"Show and check what a daemon is told."`
	Completion completionCmd `cmd:"" group:"ask" help:"Print a script by which a shell completes verbs and flags."`
	Man        manCmd        `cmd:"" group:"ask" help:"Write the manual pages."`
	Version    versionCmd    `cmd:"" group:"ask" help:"Print the version."`

	from *sources
}

// global are the flags of every verb. Those tagged setting are settings of the daemon too.
type global struct {
	Config    string        `group:"global" placeholder:"FILE" help:"Configuration file of the daemon; other verbs take dir and key-file from it. Default: $$CAIRN_CONFIG, else cairn.toml in the data directory where there is one."`
	Dir       string        `setting:"path" group:"global" placeholder:"DIR" help:"Data directory. Default: $$CAIRN_DIR, else ~/.cairn."`
	Output    format        `group:"global" short:"o" default:"human" enum:"human,json,jsonl,raw" placeholder:"FORMAT" help:"Output: human, json, jsonl or raw."`
	API       string        `setting:"" group:"global" name:"api" placeholder:"URL" help:"Speak to the daemon at this URL, not to the one on the data directory. Default: $$CAIRN_API."`
	KeyFile   string        `setting:"path" group:"global" placeholder:"FILE" help:"Opens the agents' keys where they are sealed, and seals new ones. Default: $$CAIRN_KEY_FILE."`
	TokenFile string        `setting:"path" group:"global" placeholder:"FILE" help:"File with the API token for --api. Default: $$CAIRN_TOKEN holds it."`
	Timeout   time.Duration `group:"global" default:"15s" placeholder:"15s" help:"Give up on the daemon after this long. Streams have no limit."`
	LogLevel  string        `setting:"" group:"global" default:"warn" enum:"debug,info,warn,error" placeholder:"LEVEL" help:"Log to standard error from this level on: debug, info, warn, error."`
	LogFormat string        `setting:"" group:"global" default:"text" enum:"text,json" placeholder:"FORMAT" help:"Log lines are text or json."`
	Help      helpFlag      `group:"global" short:"h" help:"Show this help."`
}

// groups are the headings of the help, in their order.
func groups() []kong.Group {
	return []kong.Group{
		{Key: "node", Title: "Run a node:"},
		{Key: "agents", Title: "Your agents:"},
		{Key: "ask", Title: "Ask and look:"},
		{Key: "global", Title: "Flags of every verb:"},
	}
}
