package main

// configCmd is about what a daemon is told.
type configCmd struct {
	Profiles configProfilesCmd `cmd:"" default:"1" help:"Show the profiles, and what this machine gives a node."`
	Show     configShowCmd     `cmd:"" help:"Show every setting of a daemon, and where it comes from."`
	Check    configCheckCmd    `cmd:"" help:"Look whether a configuration file is good."`
}

func (configCmd) Help() string {
	return `A daemon takes each setting from a flag, else from the environment, else from a configuration file, under one name: --api-host, $CAIRN_API_HOST, api-host = ["..."]. A key that is none is an error. (The one exception: the variable of --api is $CAIRN_API_LISTEN, since $CAIRN_API tells the other verbs where a daemon is.)

    cairn config show > cairn.toml
    cairn config check cairn.toml`
}
