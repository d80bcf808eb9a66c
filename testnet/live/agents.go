package live

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/cairn-overlay/cairn/node"
	"github.com/cairn-overlay/cairn/node/api"
	"github.com/cairn-overlay/cairn/node/web"
	"github.com/cairn-overlay/cairn/overlay"
	"github.com/cairn-overlay/cairn/records"
	"github.com/cairn-overlay/cairn/testnet"
)

// maxName bounds the name of an agent on the page, in bytes.
const maxName = 40

// agent is one that was published from the page; its keys are in memory.
type agent struct {
	*testnet.Agent
	shown web.Agent // owned by View.mu
}

// listed are the agents as the page lists them, the newest first.
func (v *View) listed() []web.Agent {
	v.mu.Lock()
	defer v.mu.Unlock()
	list := []web.Agent{}
	for i := len(v.agents) - 1; i >= 0; i-- {
		list = append(list, v.agents[i].shown)
	}
	return list
}

// find returns the agent of that name or ID, or nil.
func (v *View) find(nameOrID string) *agent {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, a := range v.agents {
		if a.shown.Name == nameOrID || a.shown.ID == nameOrID {
			return a
		}
	}
	return nil
}

// Publish puts the agent of that name at a URL: a new one, where there is none.
func (v *View) Publish(ctx context.Context, at, called, location string) (web.Receipt, error) {
	n, err := v.up(at)
	if err != nil {
		return web.Receipt{}, err
	}
	if called = strings.TrimSpace(called); called == "" || len(called) > maxName {
		return web.Receipt{}, fmt.Errorf("an agent's name has 1 to %d bytes", maxName)
	}
	if u, err := url.Parse(location); err != nil || u.Scheme != "https" || u.Host == "" {
		return web.Receipt{}, errors.New("an agent is at an https URL, such as https://agents.example/a2a")
	}
	a := v.find(called)
	if a == nil {
		if a, err = v.adopt(called); err != nil {
			return web.Receipt{}, err
		}
	}
	begin := time.Now()
	r, err := n.Place(ctx, a.Agent, location)
	receipt, err := receiptOf(a, r, begin, err)
	if err == nil {
		v.mu.Lock()
		defer v.mu.Unlock()
		a.shown.Node, a.shown.URL = at, location
	}
	return receipt, err
}

// adopt makes an agent.
func (v *View) adopt(called string) (*agent, error) {
	made, err := v.net.NewAgent()
	if err != nil {
		return nil, err
	}
	a := &agent{made, web.Agent{ID: made.ID().String(), Name: called, Turn: web.Turn([]byte(made.ID().Key()))}}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.agents) == maxAgents {
		v.agents = v.agents[1:]
	}
	v.agents = append(v.agents, a)
	return a, nil
}

// Resolve asks a node for an agent.
func (v *View) Resolve(ctx context.Context, at, of, policy string) (web.Answer, error) {
	n, err := v.up(at)
	if err != nil {
		return web.Answer{}, err
	}
	if a := v.find(of); a != nil {
		of = a.shown.ID
	}
	id, err := records.ParseAgentID(of)
	if err != nil {
		return web.Answer{}, err
	}
	how, err := api.ParsePolicy(policy)
	if err != nil {
		return web.Answer{}, err
	}
	mode := node.PolicyMode(how.Mode)
	if how.Mode == api.CacheFirst {
		mode = node.PolicyCacheFirst
	}
	res, err := n.Resolve(ctx, id, node.Policy{Mode: mode, Quorum: how.Quorum, Paths: how.Paths})
	if err != nil {
		return web.Answer{}, err
	}
	return node.PageAnswer(res, v.nameOf), nil
}

// Revoke ends an agent of the page.
func (v *View) Revoke(ctx context.Context, at, of string) (web.Receipt, error) {
	n, err := v.up(at)
	if err != nil {
		return web.Receipt{}, err
	}
	a := v.find(of)
	if a == nil {
		return web.Receipt{}, errors.New("only agents that were published here can be revoked here: their secrets are in memory")
	}
	v.mu.Lock()
	a.shown.Revoked = true
	v.mu.Unlock()
	begin := time.Now()
	r, err := n.End(ctx, a.Agent)
	return receiptOf(a, r.Receipt, begin, err)
}

// receiptOf turns a write that too few confirmed into a receipt that says so.
func receiptOf(a *agent, r node.Receipt, begin time.Time, err error) (web.Receipt, error) {
	out := web.Receipt{ID: a.ID().String(), Name: a.shown.Name, Targets: r.Targets, Acks: r.Acks, Took: float64(time.Since(begin).Microseconds()) / 1000}
	var few *overlay.PartialError
	if errors.As(err, &few) || errors.Is(err, overlay.ErrNoPeers) {
		out.Reason, err = err.Error(), nil
	}
	return out, err
}
