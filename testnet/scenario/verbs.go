package scenario

// verbs are all kinds of commands. docs/testnet.md says what each does.
func verbs() []verb {
	return []verb{
		{"nodes", "nodes 40 [k=20] [seed=1] [matrix=FILE] [loss=5%] [jitter=10ms] [disk]", readNodes, nil},
		{"add", "add 3", readAdd, nil},
		{"settle", "settle", readSettle, nil},
		{"agent", "agent a1 [a2 ...], or agent crowd of 50", readAgent, nil},
		{"publish", "publish a1 on 3 [lease=10m] [seq=7]", readPublish, nil},
		{"move", "move a1 on 3 [lease=10m]", readMove, nil},
		{"renew", "renew a1 on 3 [lease=10m]", readRenew, nil},
		{"revoke", "revoke a1 on 7", readRevoke, nil},
		{"resolve", "resolve a1 on 15 [policy=first] [within 2s]", readResolve, nil},
		{"status", "status a1 on all", readStatus, nil},
		{"expect", "expect found|gone|active|revoked|expired|unverified|unknown a1 on all, or expect ready 5, with [within 2s] [for 1m]", readExpect, nil},
		{"kill", "kill 5", readKill, lacksFaults},
		{"stop", "stop 5", readStop, lacksFaults},
		{"restart", "restart 5", readRestart, lacksFaults},
		{"partition", "groups such as partition 1-20 | 21-40", readPartition, lacksFaults},
		{"isolate", "isolate 4,7", readIsolate, lacksFaults},
		{"heal", "heal", readHeal, lacksFaults},
		{"wait", "wait 10m", readWait, nil},
	}
}

func lacksFaults(w World) string {
	if _, ok := w.(Faulty); !ok {
		return "way to break nodes"
	}
	return ""
}
