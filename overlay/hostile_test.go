package overlay

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	record "github.com/libp2p/go-libp2p-record"
	recpb "github.com/libp2p/go-libp2p-record/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cairn-overlay/cairn/overlay/lookup"
	"github.com/cairn-overlay/cairn/records"
)

const mainProtocol = protocolRoot + protocolSuffix

// fakePeer is a host that answers the protocol by hand: answer returns the reply,
// or nil to reset the stream.
func fakePeer(t testing.TB, seed uint64, answer func(*pb.Message) *pb.Message) host.Host {
	t.Helper()
	h := newHost(t, seed, tcp)
	h.SetStreamHandler(mainProtocol, func(s network.Stream) {
		r := bufio.NewReader(s)
		for {
			m, _, err := readFrame(r, maxReply)
			if err != nil {
				_ = s.Close()
				return
			}
			reply := answer(m)
			if reply == nil {
				_ = s.Reset()
				return
			}
			frame, err := encodeFrame(reply)
			if err != nil {
				t.Error(err)
			}
			if _, err := s.Write(frame); err != nil {
				_ = s.Reset()
				return
			}
		}
	})
	return h
}

// rawPeer is a host whose stream handler is f.
func rawPeer(t testing.TB, seed uint64, f network.StreamHandler) host.Host {
	t.Helper()
	h := newHost(t, seed, tcp)
	h.SetStreamHandler(mainProtocol, f)
	return h
}

// named is an answer that names peers.
func named(m *pb.Message, peers ...peer.AddrInfo) *pb.Message {
	out := pb.NewMessage(m.GetType(), m.GetKey(), 0)
	out.CloserPeers = pb.RawPeerInfosToPBPeers(peers)
	return out
}

// An echo proves nothing: peers that acknowledge and store nothing (A1), and peers
// that refuse, never make a success.
func TestPublishToLiars(t *testing.T) {
	echo := func(m *pb.Message) *pb.Message {
		if m.GetType() == pb.Message_PUT_VALUE {
			return m
		}
		return named(m)
	}
	refuse := func(m *pb.Message) *pb.Message {
		if m.GetType() == pb.Message_PUT_VALUE {
			return nil
		}
		return named(m)
	}
	for name, row := range map[string]struct {
		answer func(*pb.Message) *pb.Message
		acks   int
		err    error
	}{
		"echo liars": {echo, 5, errNotBack},
		"refusers":   {refuse, 0, ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, 0, tcp)
			var fakes []peer.AddrInfo
			for i := range uint64(5) {
				fakes = append(fakes, infoOf(fakePeer(t, 100+i, row.answer)))
			}
			if reached, err := n.Bootstrap(t.Context(), fakes); reached != 5 || err != nil {
				t.Fatalf("reached %d: %v", reached, err)
			}
			var seen []Receipt
			r, err := n.Publish(t.Context(), newAgent(t, 1).record(1), func(r Receipt) { seen = append(seen, r) })
			var partial *PartialError
			if !errors.As(err, &partial) || partial.Need != 3 || partial.Receipt.Acks != r.Acks {
				t.Fatalf("error %v", err)
			}
			if r.Confirmed || r.Targets != 5 || r.Acks != row.acks || r.ReadBack != 0 || len(r.Peers) != 5 {
				t.Errorf("receipt %+v", r)
			}
			for _, p := range r.Peers {
				if !errors.Is(p.Err, row.err) {
					t.Errorf("peer ended in %v, want %v", p.Err, row.err)
				}
			}
			for _, r := range seen {
				if r.Confirmed {
					t.Error("confirmed")
				}
			}
		})
	}
}

// Two honest nodes among 18 echo liars: partial, and the receipt names the two.
func TestPublishAmongLiars(t *testing.T) {
	nodes := newNetwork(t, 3, tcp)
	var fakes []peer.AddrInfo
	for i := range uint64(17) {
		fakes = append(fakes, infoOf(fakePeer(t, 100+i, func(m *pb.Message) *pb.Message {
			if m.GetType() == pb.Message_PUT_VALUE {
				return m
			}
			return named(m)
		})))
	}
	if _, err := nodes[0].Bootstrap(t.Context(), fakes); err != nil {
		t.Fatal(err)
	}
	rec := newAgent(t, 1).record(1)
	r, err := nodes[0].Publish(t.Context(), rec, nil)
	var partial *PartialError
	if !errors.As(err, &partial) {
		t.Fatalf("error %v", err)
	}
	if r.Acks != 19 || r.ReadBack != 2 || len(holders(t, nodes, rec.ID())) != 2 {
		t.Errorf("receipt %+v", r)
	}
}

func TestPublishWithNobody(t *testing.T) {
	n := newNode(t, 0, tcp)
	if _, err := n.Publish(t.Context(), newAgent(t, 1).record(1), nil); !errors.Is(err, ErrNoPeers) {
		t.Errorf("publish: %v", err)
	}
	if _, err := n.Search(t.Context(), newAgent(t, 1).id(), nil); !errors.Is(err, ErrNoPeers) {
		t.Errorf("search: %v", err)
	}
	gone := newHost(t, 1, tcp)
	info := infoOf(gone)
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	if reached, err := n.Bootstrap(t.Context(), []peer.AddrInfo{info, n.info()}); reached != 0 || !errors.Is(err, ErrNoPeers) {
		t.Errorf("bootstrap: %d, %v", reached, err)
	}
	if reached, err := n.Bootstrap(t.Context(), nil); reached != 0 || err != nil {
		t.Errorf("bootstrap with nobody: %d, %v", reached, err)
	}
	if err := n.Refresh(t.Context()); !errors.Is(err, ErrNoPeers) {
		t.Errorf("refresh: %v", err)
	}
}

// A2: peers that take the question and never answer, half of those known, hold up
// neither search nor publication.
func TestTarpits(t *testing.T) {
	nodes := newNetwork(t, 8, tcp)
	n := nodes[0]
	rec := newAgent(t, 1).record(1)
	atLast(t, "all others hold it", func() bool {
		r, err := nodes[1].Publish(t.Context(), rec, nil)
		return err == nil && r.Acks == 7
	})
	var silent atomic.Bool
	var pits []peer.AddrInfo
	for i := range uint64(8) {
		pits = append(pits, infoOf(rawPeer(t, 100+i, func(s network.Stream) {
			r := bufio.NewReader(s)
			for {
				m, _, err := readFrame(r, maxReply)
				if err != nil {
					return
				}
				if silent.Load() {
					_, _ = io.Copy(io.Discard, s)
					return
				}
				frame, _ := encodeFrame(named(m))
				_, _ = s.Write(frame)
			}
		})))
	}
	if reached, err := n.Bootstrap(t.Context(), pits); reached != 8 || err != nil {
		t.Fatal(reached, err)
	}
	silent.Store(true)
	atLast(t, "the search ends on the others in time", func() bool {
		begin := time.Now()
		answers, report := searchAll(t, n, rec.ID())
		return len(answers) == 6 && report.Exhausted && len(report.Closest) == 7 && time.Since(begin) <= DefaultRequestTimeout
	})
	atLast(t, "the others take it in time", func() bool {
		begin := time.Now()
		r, err := n.Publish(t.Context(), newAgent(t, 2).record(1), nil)
		return err == nil && r.Targets == 7 && r.Acks == 7 && r.ReadBack == 7 && time.Since(begin) <= DefaultRequestTimeout
	})
	if n.Stats().Late == 0 {
		t.Error("nobody counted as late")
	}
}

// Who is late may be the only one who has it: while nobody else has given a value a
// search waits for him, as long as a question may take.
func TestSearchWaitsForALateHolder(t *testing.T) {
	nodes := newNetwork(t, 6, tcp)
	n, rec := nodes[0], newAgent(t, 1).record(1)
	var slow atomic.Bool
	holder := fakePeer(t, 100, func(m *pb.Message) *pb.Message {
		answer := named(m)
		if m.GetType() == pb.Message_GET_VALUE {
			if slow.Load() {
				<-time.After(minPatience + 500*time.Millisecond)
			}
			answer.Record = record.MakePutRecord(string(m.GetKey()), rec.Bytes())
		}
		return answer
	})
	if reached, err := n.Bootstrap(t.Context(), []peer.AddrInfo{infoOf(holder)}); reached != 1 || err != nil {
		t.Fatal(reached, err)
	}
	eventually(t, "know how quickly peers answer", func() bool {
		_, report := searchAll(t, n, rec.ID())
		return len(report.Holders) == 1
	})
	slow.Store(true)
	if answers, report := searchAll(t, n, rec.ID()); len(answers) != 1 {
		t.Errorf("not found; %d are empty, exhausted: %t", len(report.Empty), report.Exhausted)
	}
}

// Targets that answer the search and drop the put are replaced by the next nearest.
func TestSilentTargetsAreReplaced(t *testing.T) {
	nodes := newNetwork(t, 12, tcp, func(c *Config) { c.Replication = 5 })
	n, agent := nodes[0], newAgent(t, 1)
	var pits []peer.AddrInfo
	for _, seed := range seedsNear(t, nodes, agent.id(), 3) {
		h := newHost(t, seed, tcp)
		h.SetStreamHandler(mainProtocol, func(s network.Stream) {
			r := bufio.NewReader(s)
			for {
				m, _, err := readFrame(r, maxReply)
				if err != nil || m.GetType() == pb.Message_PUT_VALUE {
					_, _ = io.Copy(io.Discard, s)
					return
				}
				frame, _ := encodeFrame(named(m))
				_, _ = s.Write(frame)
			}
		})
		pits = append(pits, infoOf(h))
	}
	if _, err := n.Bootstrap(t.Context(), pits); err != nil {
		t.Fatal(err)
	}
	rec := agent.record(1)
	r, err := n.Publish(t.Context(), rec, nil)
	if err != nil || r.Targets != 5 || r.Acks != 5 || r.ReadBack != 5 {
		t.Errorf("receipt %+v, error %v", r, err)
	}
	want, got := nearest(nodes, agent.id(), 5, n.self), holders(t, nodes, agent.id())
	for _, p := range want {
		if !slices.Contains(got, p) {
			t.Errorf("an honest one of the nearest lacks it: %+v", r.Peers)
		}
	}
	replaced := 0
	for _, p := range r.Peers {
		if p.Replaced {
			replaced++
			if !errors.Is(p.Err, errTimeout) {
				t.Errorf("replaced because of %v", p.Err)
			}
		}
	}
	if replaced != 3 {
		t.Errorf("%d replaced", replaced)
	}
}

// A4: three hosts nearest to the key answer at once, with nothing and nobody.
func TestSearchIsNotEndedEarly(t *testing.T) {
	nodes := newNetwork(t, 12, tcp, func(c *Config) { c.Replication = 8 })
	agent := newAgent(t, 1)
	rec := agent.record(1)
	if _, err := nodes[1].Publish(t.Context(), rec, nil); err != nil {
		t.Fatal(err)
	}
	reader := newNode(t, 50, tcp, func(c *Config) { c.Replication = 8 })
	var sybils []peer.AddrInfo
	for _, seed := range seedsNear(t, nodes, agent.id(), 3) {
		h := newHost(t, seed, tcp)
		h.SetStreamHandler(mainProtocol, func(s network.Stream) {
			if m, _, err := readFrame(bufio.NewReader(s), maxReply); err == nil {
				frame, _ := encodeFrame(pb.NewMessage(m.GetType(), m.GetKey(), 0))
				_, _ = s.Write(frame)
			}
			_ = s.Close()
		})
		sybils = append(sybils, infoOf(h))
	}
	known := append(sybils, nodes[3].info()) // one honest acquaintance
	if reached, err := reader.Bootstrap(t.Context(), known); reached != 4 || err != nil {
		t.Fatal(reached, err)
	}
	answers, report := searchAll(t, reader, agent.id())
	if len(answers) == 0 || len(report.Closest) != 8 || !report.Exhausted {
		t.Errorf("%d answers, report %+v", len(answers), report)
	}
	if !slices.Contains(report.Empty, sybils[0].ID) {
		t.Error("the Sybils are not among the empty")
	}
}

// A47: one of the reader's acquaintances names a crowd that stands nearer to the key than all
// honest peers, and all of them give an old record. Of two paths one at most ends there; the
// other brings the newest.
func TestPathsAroundALiar(t *testing.T) {
	const k, paths = 3, 2
	replicated := func(c *Config) { c.Replication = k }
	nodes := newNetwork(t, 9, tcp, replicated)
	agent := newAgent(t, 1)
	old, newest := agent.record(1), agent.record(2)
	if _, err := nodes[1].Publish(t.Context(), newest, nil); err != nil {
		t.Fatal(err)
	}
	var crowd []peer.AddrInfo
	lie := func(m *pb.Message) *pb.Message {
		if string(m.GetKey()) != agent.id().Key() {
			return named(m)
		}
		reply := named(m, crowd...)
		if m.GetType() == pb.Message_GET_VALUE {
			reply.Record = &recpb.Record{Key: m.GetKey(), Value: old.Bytes()}
		}
		return reply
	}
	for _, seed := range seedsNear(t, nodes, agent.id(), 4*k+1) {
		crowd = append(crowd, infoOf(fakePeer(t, seed, lie)))
	}
	reader := newNode(t, 50, tcp, replicated)
	if _, err := reader.Bootstrap(t.Context(), []peer.AddrInfo{crowd[0], nodes[3].info(), nodes[4].info()}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the liar is known", func() bool { return slices.Contains(reader.TablePeers(), crowd[0].ID) })
	atLast(t, "the newest is found", func() bool {
		var best records.Value
		report, err := reader.SearchPaths(t.Context(), agent.id(), paths, 0, func(a Answer) bool {
			if best == nil || records.Compare(a.Value, best) > 0 {
				best = a.Value
			}
			return true
		})
		misled, asked := 0, make(map[peer.ID]bool)
		for _, p := range report.Paths {
			if p.Best != nil && records.Compare(p.Best, old) == 0 {
				misled++
			}
		}
		for _, h := range report.Path {
			if asked[h.Peer] || h.Path < 1 || h.Path > paths || h.Via != "" {
				t.Errorf("hop %+v: asked by two, or on no path", h)
			}
			asked[h.Peer] = true
		}
		if misled > 1 || len(report.Paths) != paths {
			t.Errorf("%d of %d paths misled: %+v", misled, paths, report.Paths)
		}
		return err == nil && best != nil && records.Compare(best, newest) == 0
	})
}

// Values that do not verify reach nobody, and their sender counts as a liar.
func TestFalseAnswers(t *testing.T) {
	victim, other := newAgent(t, 1), newAgent(t, 2)
	good := victim.record(1)
	forged := good.Bytes()
	forged[len(forged)-100] ^= 1
	for name, answer := range map[string]func(*pb.Message) *pb.Message{
		"forged": func(m *pb.Message) *pb.Message {
			return putValue(string(m.GetKey()), forged)
		},
		"another agent's": func(m *pb.Message) *pb.Message {
			return putValue(string(m.GetKey()), other.record(1).Bytes())
		},
		"another key": func(m *pb.Message) *pb.Message {
			return putValue(other.id().Key(), other.record(1).Bytes())
		},
		"empty": func(m *pb.Message) *pb.Message { return putValue(string(m.GetKey()), nil) },
		"huge":  func(m *pb.Message) *pb.Message { return putValue(string(m.GetKey()), make([]byte, 100<<10)) },
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, 0, tcp)
			liar := fakePeer(t, 1, func(m *pb.Message) *pb.Message {
				if m.GetType() == pb.Message_GET_VALUE {
					return answer(m)
				}
				return named(m)
			})
			if _, err := n.Bootstrap(t.Context(), []peer.AddrInfo{infoOf(liar)}); err != nil {
				t.Fatal(err)
			}
			report, err := n.Search(t.Context(), victim.id(), func(a Answer) bool { t.Errorf("yielded %v", a); return true })
			if !errors.Is(err, ErrNoPeers) || len(report.Path) != 1 || report.Path[0].Answer != AnswerError || len(report.Closest) != 0 {
				t.Errorf("report %+v, error %v", report, err)
			}
			if n.Stats().Liars != 1 {
				t.Errorf("stats %+v", n.Stats())
			}
		})
	}
}

// Garbage and frames without end from the peer that was asked end the request, no more.
func TestGarbageFromServers(t *testing.T) {
	for name, reply := range map[string][]byte{
		"not protobuf":      {5, 0xff, 0xff, 0xff, 0xff, 0xff},
		"endless length":    slices.Repeat([]byte{0xff}, 64),
		"oversize":          {0xff, 0xff, 0xff, 0x7f, 1, 2, 3},
		"cut short":         {100, 1, 2},
		"nothing":           {},
		"not a multistream": nil,
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, 0, tcp)
			bad := rawPeer(t, 1, func(s network.Stream) {
				_, _ = s.Read(make([]byte, 1024))
				_, _ = s.Write(reply)
				_ = s.Close()
			})
			if reply == nil {
				bad.RemoveStreamHandler(mainProtocol)
			}
			reached, err := n.Bootstrap(t.Context(), []peer.AddrInfo{infoOf(bad)})
			if reached != 0 || !errors.Is(err, ErrNoPeers) {
				t.Errorf("reached %d, error %v", reached, err)
			}
			if n.TableSize() != 0 {
				t.Error("it is in the table")
			}
			if s := n.Stats(); len(s.Failures) == 0 {
				t.Errorf("no failure counted: %+v", s)
			}
		})
	}
}

// Garbage and frames without end from clients end their stream, and nothing else.
func TestGarbageFromClients(t *testing.T) {
	nodes := newNetwork(t, 2, tcp)
	server, client := nodes[0], nodes[1]
	agent := newAgent(t, 1)
	frame := func(m *pb.Message) []byte {
		b, err := encodeFrame(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	withAddrs := putValue(agent.id().Key(), agent.record(1).Bytes())
	for range 100 {
		withAddrs.CloserPeers = append(withAddrs.CloserPeers, &pb.Message_Peer{Id: make([]byte, 1000)})
	}
	for name, b := range map[string][]byte{
		"not protobuf":    {5, 0xff, 0xff, 0xff, 0xff, 0xff},
		"endless length":  slices.Repeat([]byte{0xff}, 64),
		"4 MiB announced": {0x80, 0x80, 0x80, 0x02},
		"value too large": frame(putValue(agent.id().Key(), make([]byte, maxRequest))),
		"stuffed echo":    frame(withAddrs),
		"no key":          frame(pb.NewMessage(pb.Message_GET_VALUE, nil, 0)),
		"no record":       frame(pb.NewMessage(pb.Message_PUT_VALUE, []byte(agent.id().Key()), 0)),
		"wrong key":       frame(putValue(newAgent(t, 2).id().Key(), agent.record(1).Bytes())),
		"foreign key":     frame(putValue("/pk/abcdef", []byte("x"))),
		"no namespace":    frame(putValue("abcdef", []byte("x"))),
		"provider":        frame(pb.NewMessage(pb.Message_ADD_PROVIDER, []byte("key"), 0)),
		"unknown type":    frame(pb.NewMessage(77, []byte("key"), 0)),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			s, err := client.host.NewStream(ctx, server.self, mainProtocol)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Reset()
			_ = s.SetDeadline(time.Now().Add(5 * time.Second))
			_, _ = s.Write(b) // it may be reset before all is written
			if n, err := s.Read(make([]byte, 1)); err == nil || n > 0 {
				t.Error("it was answered")
			}
		})
	}
	if server.values.Len() != 0 {
		t.Error("something was stored")
	}
	st := server.Stats()
	if st.Oversize != 4 || st.RefusedPuts["invalid"] == 0 {
		t.Errorf("stats %+v", st)
	}
	if r, err := client.Publish(t.Context(), agent.record(1), nil); err != nil {
		t.Errorf("no service afterwards: %v %+v", err, r)
	}
}

// A7: an older record is refused by whoever knew a newer one, whatever kad-dht's
// age rule says; and nothing replaces a tombstone.
func TestReplay(t *testing.T) {
	for name, age := range map[string]time.Duration{"no age": 0, "tiny age": 1, "an age": 50 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			nodes := newNetwork(t, 2, tcp, func(c *Config) { c.RecordAge = age })
			holder, replayer := nodes[0], nodes[1]
			agent := newAgent(t, 1)
			v1, v9 := agent.record(1), agent.record(9)
			put := func(v records.Value) error { return replayer.PutTo(t.Context(), holder.self, v) }
			if err := put(v9); err != nil {
				t.Fatal(err)
			}
			if err := put(v9); err != nil {
				t.Errorf("the same again: %v", err)
			}
			begin := time.Now()
			eventually(t, "the age passes", func() bool { return time.Since(begin) > 2*age })
			_, _ = replayer.Search(t.Context(), agent.id(), nil) // a read would drop an old record
			for range 3 {
				if err := put(v1); !errors.Is(err, ErrRefused) {
					t.Errorf("replay: %v", err)
				}
			}
			if v, err := holder.values.Get(t.Context(), agent.id()); err != nil || records.Compare(v, v9) != 0 {
				t.Errorf("held: %v, %v", v, err)
			}
			if err := put(agent.tombstone()); err != nil {
				t.Errorf("tombstone: %v", err)
			}
			for _, v := range []records.Value{v1, v9, agent.record(10)} {
				if err := put(v); !errors.Is(err, ErrRefused) {
					t.Errorf("record after the tombstone: %v", err)
				}
			}
			if err := put(agent.tombstone()); err != nil {
				t.Errorf("tombstone again: %v", err)
			}
			st := holder.Stats()
			if st.RefusedPuts["stale"] < 3 || st.RefusedPuts["revoked"] < 3 {
				t.Errorf("refused %v", st.RefusedPuts)
			}
		})
	}
}

// A lease that ended serves nothing, and still stops the older record.
func TestReplayAfterTheLease(t *testing.T) {
	var offset atomic.Int64
	h := newHost(t, 0, tcp)
	values := NewMemory(func() time.Time { return time.Now().Add(time.Duration(offset.Load())) })
	holder, err := Join(Config{Host: h, Values: values})
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	replayer := newNode(t, 1, tcp)
	if _, err := replayer.Bootstrap(t.Context(), []peer.AddrInfo{infoOf(h)}); err != nil {
		t.Fatal(err)
	}
	agent := newAgent(t, 1)
	if err := replayer.PutTo(t.Context(), h.ID(), agent.record(9)); err != nil {
		t.Fatal(err)
	}
	offset.Store(int64(2 * records.DefaultLease))
	if all, _ := searchAll(t, replayer, agent.id()); len(all) != 0 {
		t.Error("an expired record is served")
	}
	if err := replayer.PutTo(t.Context(), h.ID(), agent.record(1)); !errors.Is(err, ErrRefused) {
		t.Errorf("replay: %v", err)
	}
	if holder.Stats().RefusedPuts["stale"] == 0 {
		t.Errorf("refused %v", holder.Stats().RefusedPuts)
	}
}

// Whoever publishes what is already superseded learns it from the refusal.
func TestPublishSuperseded(t *testing.T) {
	nodes := newNetwork(t, 5, tcp)
	agent := newAgent(t, 1)
	if _, err := nodes[1].Publish(t.Context(), agent.tombstone(), nil); err != nil {
		t.Fatal(err)
	}
	r, err := nodes[2].Publish(t.Context(), agent.record(1), nil)
	var partial *PartialError
	if !errors.As(err, &partial) {
		t.Fatalf("error %v", err)
	}
	if _, dead := r.Newer.(*records.Tombstone); !dead {
		t.Errorf("newer is %v", r.Newer)
	}
	revoked := 0
	for _, p := range r.Peers {
		if errors.Is(p.Err, records.ErrRevoked) && errors.Is(p.Err, ErrRefused) {
			revoked++
		}
	}
	if revoked < 3 {
		t.Errorf("receipt %+v", r)
	}
}

// A store that fails is a refusal, and is counted as such.
func TestFailingStore(t *testing.T) {
	h := newHost(t, 0, tcp)
	d, err := Join(Config{Host: h, Values: fullDisk{}})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	n := newNode(t, 1, tcp)
	if _, err := n.Bootstrap(t.Context(), []peer.AddrInfo{infoOf(h)}); err != nil {
		t.Fatal(err)
	}
	r, err := n.Publish(t.Context(), newAgent(t, 1).record(1), nil)
	var partial *PartialError
	if !errors.As(err, &partial) || partial.Need != 1 || r.Acks != 0 {
		t.Errorf("receipt %+v, error %v", r, err)
	}
	if d.Stats().RefusedPuts["storage"] == 0 {
		t.Errorf("stats %+v", d.Stats())
	}
}

type fullDisk struct{}

func (fullDisk) Get(context.Context, records.AgentID) (records.Value, error) { return nil, nil }
func (fullDisk) Put(context.Context, records.Value) error                    { return errors.New("disk full") }

// One peer's flood of puts is held to its rate.
func TestPutRate(t *testing.T) {
	nodes := newNetwork(t, 2, tcp, func(c *Config) { c.PutRate = 2 })
	var refused int
	for i := range uint32(putBurst*2 + 4) {
		if err := nodes[1].PutTo(t.Context(), nodes[0].self, newAgent(t, i).record(1)); errors.Is(err, ErrRefused) {
			refused++
		}
	}
	if refused == 0 || nodes[0].Stats().RefusedPuts["rate"] == 0 {
		t.Errorf("%d refused, stats %+v", refused, nodes[0].Stats())
	}
}

// FuzzReply feeds what a peer may answer through every step up to the lookup.
func FuzzReply(f *testing.F) {
	agent := newAgent(f, 1)
	for _, m := range []*pb.Message{
		findNode("key"), putValue(agent.id().Key(), agent.record(1).Bytes()), putValue(agent.id().Key(), agent.tombstone().Bytes()),
		named(getValue("key"), peer.AddrInfo{ID: modelPeer(1)}, peer.AddrInfo{ID: "x"}, peer.AddrInfo{}),
	} {
		b, err := encodeFrame(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte{0xff, 0xff, 0xff, 0x7f})
	verify := &verifier{stats: new(counters)}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, n, err := readFrame(bufio.NewReader(newChunks(b)), maxReply)
		if n > maxReply || n > len(b) {
			t.Fatalf("%d bytes of %d", n, len(b))
		}
		if err != nil {
			return
		}
		for _, accept := range []func(maddr) bool{acceptAny, acceptPublic} {
			peers := peersIn(m, lookup.MaxPerAnswer, accept)
			if len(peers) > lookup.MaxPerAnswer {
				t.Fatalf("%d peers", len(peers))
			}
			l := lookup.New(lookup.Config[peer.ID]{Self: modelPeer(0), Target: positionOfKey("key"), Region: lookup.Region{K: 5}, Where: positionOfPeer}, []contact{{ID: modelPeer(1)}})
			l.Next(nil)
			l.Answered(modelPeer(1), peers)
			for _, p := range peers {
				if len(p.Addrs) > maxPeerAddrs || p.ID.Validate() != nil {
					t.Fatalf("peer %v", p)
				}
			}
			for range 100 {
				p, ok := l.Next(nil)
				if !ok {
					break
				}
				l.Failed(p.ID, false)
			}
		}
		if v, err := valueIn(m, agent.id().Key()); err == nil && v != nil {
			if val, err := verify.open(agent.id().Key(), v); err == nil && val.ID() != agent.id() {
				t.Fatal("another agent's value")
			}
		}
	})
}

// FuzzGuarded holds the door against a plain reading of the frames.
func FuzzGuarded(f *testing.F) {
	f.Add([]byte{3, 1, 2, 3, 0, 1, 9}, uint8(2))
	f.Add([]byte{0x80, 0x80, 0x80, 0x02}, uint8(1))
	f.Add(slices.Repeat([]byte{0xff}, 32), uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, limit uint8) {
		s := &chunkStream{chunks: newChunks(b)}
		g := &guarded{Stream: s, stats: new(counters), limit: uint64(limit)}
		r := bufio.NewReader(g)
		for {
			m, err := readLength(r)
			if err != nil {
				return
			}
			if m > uint64(limit) {
				t.Fatalf("a length of %d came through a door of %d", m, limit)
			}
			if _, err := io.CopyN(io.Discard, r, int64(m)); err != nil {
				return
			}
		}
	})
}
