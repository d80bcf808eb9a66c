package scenario

// Forms are the forms of all commands, as error messages show them. docs/testnet.md
// says what each does.
func Forms() []string {
	var forms []string
	for _, v := range verbs() {
		forms = append(forms, v.form)
	}
	return forms
}

// verbs are all kinds of commands.
func verbs() []verb {
	return []verb{
		// The network.
		{"nodes", "nodes 40 [k=20] [room=4000] [seed=1] [matrix=FILE] [loss=5%] [jitter=10ms] [disk] [wan]", readNodes, nil},
		{"add", "add 3", readAdd, nil},
		{"settle", "settle", readSettle, nil},
		{"wait", "wait 10m", readWait, nil},
		// Agents.
		{"agent", "agent a1 [a2 ...] [of 50]", readAgent, nil},
		{"spawn", "spawn h1 from a1 [of 50]", readSpawn, nil},
		{"publish", "publish a1 on 3 [lease=10m] [seq=7]", readPublish, nil},
		{"move", "move a1 on 3 [lease=10m] [seq=7]", readMove, nil},
		{"renew", "renew a1 on 3 [lease=10m] [seq=7]", readRenew, nil},
		{"keep", "keep a1 on 3 [lease=10m]", readKeep, lacksLeases},
		{"withdraw", "withdraw a1 on 3", readWithdraw, lacksLeases},
		{"rotate", "rotate a1 on 3", readRotate, lacksRotations},
		{"grant", "grant g1 from a1 to a2", readGrant, lacksRotations},
		{"revoke", "revoke a1 on 7 [anyhow]", readRevoke, nil},
		// Questions.
		{"resolve", "resolve a1 on 15 [policy=first] [within 2s]", readResolve, nil},
		{"status", "status a1 on all", readStatus, nil},
		{"expect", "expect STATE a1 on all [within 2s] [for 1m], or expect ready 5 [within 60s]", readExpect, nil},
		{"holders", "holders a1 [at least 3] [within 10s]", readHolders, lacksHolders},
		{"watch", "watch a1 on 5", readWatch, lacksWatches},
		{"measure", "measure revoke a1, or measure watch a1, or measure resolve a1 on all [policy=first], or right in place of resolve", readMeasure, nil},
		// Trouble.
		{"kill", "kill 5", readKill, lacksFaults},
		{"stop", "stop 5", readStop, lacksFaults},
		{"restart", "restart 5", readRestart, lacksFaults},
		{"churn", "churn 30%/h for 2h [down=5m] [but 1-3]", readChurn, lacksFaults},
		{"partition", "groups such as partition 1-20 | 21-40", readPartition, lacksFaults},
		{"isolate", "isolate 4,7", readIsolate, lacksFaults},
		{"heal", "heal", readHeal, lacksFaults},
		{"cut", "cut 3 -> 5, or of sets: cut 3 -> 5-8", readCut, lacksWire},
		{"slow", "slow 4 by 80ms", readSlow, lacksWire},
		{"loss", "loss 5%", readLoss, lacksWire},
		{"jitter", "jitter 20ms", readJitter, lacksWire},
		{"nat", "nat 7-8", readNAT, lacksNATs},
		{"freeze", "freeze 5", readFreeze, lacksStillness},
		{"thaw", "thaw 5", readThaw, lacksStillness},
		{"fill", "fill 5", readFill, lacksDisks},
		{"free", "free 5", readFree, lacksDisks},
		{"break", "break 5", readBreak, lacksDisks},
		{"mend", "mend 5", readMend, lacksDisks},
		{"skew", "skew 4 +24h", readSkew, lacksClocks},
		// Attackers and other versions.
		{"replay", "replay a1 seq=1 on all [through put|correct|topic|sync]", readReplay, lacksStrangers},
		{"steal", "steal a1 as thief [cold]", readSteal, nil},
		{"twin", "twin t1 of a1", readTwin, nil},
		{"forge", "forge WHAT by thief to all [with a1]", readForge, lacksStrangers},
		{"cast", "cast 12-14 as ROLE", readCast, lacksStrangersOrFaults},
		{"surround", "surround 1 by 27", readSurround, lacksStrangers},
		{"flood", "flood 1 by 150 [nets=1]", readFlood, lacksStrangers},
		{"sybils", "sybils 20 as ROLE [near a1] [nets=1]", readSybils, lacksStrangers},
		{"send", "send WHAT to all", readSend, lacksStrangers},
	}
}

func lacksFaults(w World) string {
	if _, ok := w.(Faulty); !ok {
		return "way to break nodes"
	}
	return ""
}
