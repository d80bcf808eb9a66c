package chaos

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// pair is a way from one node to another.
type pair struct{ from, to int }

func (p pair) String() string { return fmt.Sprintf("%s . %s", addrOf(p.from), addrOf(p.to)) }

// lossParts is the resolution of a loss rate.
const lossParts = 10_000

// ruleset is what the kernel is told before the first node starts: the set of the ways
// that are cut, with a counter for each, and an empty chain for the loss.
func ruleset() string {
	return `table bridge chaos {
	counter lost { }
	set cuts { type ipv4_addr . ipv4_addr; counter; }
	chain loss { }
	chain forward {
		type filter hook forward priority 0; policy accept;
		ip saddr . ip daddr @cuts drop
		jump loss
	}
}
`
}

// lossRules has a share of all packets between nodes lost, at random; 0 ends it.
func lossRules(share float64) string {
	text := "flush chain bridge chaos loss\n"
	if parts := int(share * lossParts); parts > 0 {
		text += fmt.Sprintf("add rule bridge chaos loss ip saddr %s numgen random mod %d < %d counter name lost drop\n", wholeNet, lossParts, parts)
	}
	return text
}

// cutRules turns the cuts that are into those that shall be, in one step.
func cutRules(are, shall map[pair]bool) string {
	var text strings.Builder
	element := func(verb string, pairs []pair) {
		for some := range slices.Chunk(pairs, 256) {
			var list []string
			for _, p := range some {
				list = append(list, p.String())
			}
			fmt.Fprintf(&text, "%s element bridge chaos cuts { %s }\n", verb, strings.Join(list, ", "))
		}
	}
	element("delete", lacking(are, shall))
	element("add", lacking(shall, are))
	return text.String()
}

// lacking lists the pairs of a that b lacks, in order.
func lacking(a, b map[pair]bool) []pair {
	var list []pair
	for p := range maps.Keys(a) {
		if !b[p] {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(p, q pair) int { return cmp.Or(p.from-q.from, p.to-q.to) })
	return list
}

// between lists the ways that a partition of the nodes 1 to count closes: those
// between different groups. Nodes that no group names form one more group.
func between(count int, groups [][]int) map[pair]bool {
	side := make(map[int]int)
	for g, nodes := range groups {
		for _, n := range nodes {
			side[n] = g + 1
		}
	}
	cut := make(map[pair]bool)
	for from := 1; from <= count; from++ {
		for to := 1; to <= count; to++ {
			if side[from] != side[to] {
				cut[pair{from, to}] = true
			}
		}
	}
	return cut
}

// dropped reads how many packets each cut has stopped, out of nft's list of the set.
func dropped(listing []byte) (map[pair]uint64, error) {
	var list struct {
		Nftables []struct {
			Set *struct {
				Elem []struct {
					Elem struct {
						Val struct {
							Concat [2]string `json:"concat"`
						} `json:"val"`
						Counter struct {
							Packets uint64 `json:"packets"`
						} `json:"counter"`
					} `json:"elem"`
				} `json:"elem"`
			} `json:"set"`
		} `json:"nftables"`
	}
	if err := json.Unmarshal(listing, &list); err != nil {
		return nil, fmt.Errorf("the counters of the cuts: %w", err)
	}
	counts := make(map[pair]uint64)
	for _, item := range list.Nftables {
		if item.Set == nil {
			continue
		}
		for _, e := range item.Set.Elem {
			from, err1 := nodeAt(e.Elem.Val.Concat[0])
			to, err2 := nodeAt(e.Elem.Val.Concat[1])
			if err := cmp.Or(err1, err2); err != nil {
				return nil, err
			}
			counts[pair{from, to}] = e.Elem.Counter.Packets
		}
	}
	return counts, nil
}

// lostPackets reads the counter of the loss, out of nft's list of the counters.
func lostPackets(listing []byte) (uint64, error) {
	var list struct {
		Nftables []struct {
			Counter *struct {
				Name    string `json:"name"`
				Packets uint64 `json:"packets"`
			} `json:"counter"`
		} `json:"nftables"`
	}
	if err := json.Unmarshal(listing, &list); err != nil {
		return 0, fmt.Errorf("the counter of the loss: %w", err)
	}
	for _, item := range list.Nftables {
		if item.Counter != nil && item.Counter.Name == "lost" {
			return item.Counter.Packets, nil
		}
	}
	return 0, fmt.Errorf("the kernel has no counter of the loss")
}
