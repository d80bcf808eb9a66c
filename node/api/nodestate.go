package api

import (
	"context"
	"net/http"
)

// StateReady is the Status.State of a node that answers everything.
const StateReady = "ready"

// getStatus says how the node stands.
func (s *server) getStatus(c *call) error {
	st := s.node.Status(c.r.Context())
	if st.Addrs == nil {
		st.Addrs = []string{}
	}
	if st.Counters == nil {
		st.Counters = map[string]uint64{}
	}
	return s.sendJSON(c, http.StatusOK, st)
}

// getPeers lists the connected peers.
func (s *server) getPeers(c *call) error {
	ctx, cancel := s.context(c)
	defer cancel()
	peers := s.node.Peers(ctx)
	list := make([]Peer, 0, len(peers))
	for _, p := range peers {
		if p.Addrs == nil {
			p.Addrs = []string{}
		}
		list = append(list, p)
	}
	return s.sendJSON(c, http.StatusOK, list)
}

// stop asks the daemon to shut down; the answer is on its way before it does.
func (s *server) stop(c *call) error {
	// The daemon may end this request's context while it stops; that must not stop the stopping.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.r.Context()), s.limits.Request)
	defer cancel()
	if err := s.node.Stop(ctx); err != nil {
		return err
	}
	return s.sendJSON(c, http.StatusAccepted, stateAnswer{State: "stopping"})
}

// stateAnswer is the body of the small endpoints.
type stateAnswer struct {
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
}

// healthz says that the process answers, nothing more.
func (s *server) healthz(c *call) error {
	return s.sendJSON(c, http.StatusOK, stateAnswer{State: "alive"})
}

// readyz says whether the node answers everything, and why not.
func (s *server) readyz(c *call) error {
	st := s.node.Status(c.r.Context())
	if st.State == StateReady {
		return s.sendJSON(c, http.StatusOK, stateAnswer{State: st.State, Reason: st.Reason})
	}
	reason := st.Reason
	if reason == "" {
		reason = "no reason given"
	}
	return problem("not-ready", "%s: %s", st.State, reason)
}

// getOpenAPI describes the API.
func (s *server) getOpenAPI(c *call) error {
	s.send(c, http.StatusOK, typeJSON, s.openapi)
	return nil
}
