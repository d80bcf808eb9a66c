package api

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/cairn-overlay/cairn/records"
)

// Headers of an answer about an agent: how good it is, also where the body is
// the record alone.
const (
	headerStatus        = "Cairn-Status"
	headerSource        = "Cairn-Source"
	headerAge           = "Cairn-Age-Ms"
	headerConfirmations = "Cairn-Confirmations"
)

// getAgent resolves. It asks nothing of readiness: what can be proved, a
// revocation above all, is answered from the first second on.
func (s *server) getAgent(c *call) error {
	id, err := c.agent()
	if err != nil {
		return err
	}
	policy, err := ParsePolicy(c.params.Get("policy"))
	if err != nil {
		return problem("parameter", "%s", err)
	}
	ctx, cancel := s.context(c)
	defer cancel()
	res, err := s.node.Resolve(ctx, id, policy)
	if err != nil {
		return s.provenDead(c, id, err)
	}
	return s.sendResolution(c, usable(res))
}

func (s *server) sendResolution(c *call, res Resolution) error {
	setHeader(c, headerStatus, word(string(res.Status)))
	setHeader(c, headerSource, word(res.Source))
	setHeader(c, headerAge, strconv.FormatInt(res.AgeMS, 10))
	setHeader(c, headerConfirmations, strconv.Itoa(res.Confirmations))
	c.w.Header().Add("Vary", "Accept")
	cbor := wantsCBOR(c.r)
	switch res.Status {
	case records.StatusActive, records.StatusStale:
		if res.Record == nil && len(res.RecordBytes) == 0 {
			return fmt.Errorf("resolve %s: status %s without a record", res.ID, res.Status)
		}
		if cbor {
			s.send(c, http.StatusOK, typeCBOR, complete(res).RecordBytes)
			return nil
		}
		b, err := s.renderings.resolution(res)
		if err != nil {
			return err
		}
		s.send(c, http.StatusOK, typeJSON, b)
		return nil
	case records.StatusRevoked:
		if cbor && res.Tombstone != nil {
			s.send(c, http.StatusGone, typeCBOR, res.Tombstone.Bytes())
			return nil
		}
	case records.StatusConflict:
		if cbor && res.Conflict != nil {
			s.send(c, http.StatusConflict, typeCBOR, res.Conflict.Bytes())
			return nil
		}
	case records.StatusExpired, records.StatusUnverified, records.StatusUnknown:
	default:
		return fmt.Errorf("resolve %s: a status without a meaning: %q", res.ID, res.Status)
	}
	s.sendProblem(c, resolutionProblem(complete(res)))
	return nil
}

// word keeps everything out of a header but letters, digits and dashes.
func word(s string) string {
	if isWord(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r < 0x80 && inWord(byte(r)) {
			return r
		}
		return -1
	}, s)
}

// isWord reports whether word leaves s as it is.
func isWord(s string) bool {
	for i := range len(s) {
		if !inWord(s[i]) {
			return false
		}
	}
	return true
}

func inWord(c byte) bool {
	return c == '-' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// resolutionProblem is the answer where a lookup ended in anything but a good
// record: each such status is a kind of problem.
func resolutionProblem(res Resolution) *Problem {
	detail := res.ID.String()
	if res.Reason != "" {
		detail += ": " + res.Reason
	}
	p := problem(string(res.Status), "%s", detail)
	p.AgentStatus, p.Resolution = res.Status, &res
	if res.Tombstone != nil {
		p.Tombstone = res.Tombstone.Bytes()
	}
	return p
}

// wantsCBOR reports whether the client names application/cbor and does not rank
// JSON above it.
func wantsCBOR(r *http.Request) bool {
	if len(r.Header["Accept"]) == 0 {
		return false
	}
	var cbor, json float64
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		media, params, _ := strings.Cut(part, ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			q, _ = strconv.ParseFloat(v, 64)
		}
		switch mediaType(media) {
		case typeCBOR:
			cbor = max(cbor, q)
		case typeJSON:
			json = max(json, q)
		}
	}
	return cbor > 0 && cbor >= json
}

// provenDead adds the tombstone to an error that says "revoked".
func (s *server) provenDead(c *call, id records.AgentID, err error) error {
	p := problemOf(err, c.trusted)
	if p.Name() != string(records.StatusRevoked) || id.IsZero() {
		return err
	}
	ctx, cancel := s.context(c)
	defer cancel()
	p.AgentStatus = records.StatusRevoked
	if res, err := s.node.Resolve(ctx, id, Policy{Mode: CacheOnly}); err == nil && res.Tombstone != nil {
		p.Tombstone = res.Tombstone.Bytes()
	}
	return p
}

// putAgent publishes a record that was signed elsewhere.
func (s *server) putAgent(c *call) error {
	id, err := c.agent()
	if err != nil {
		return err
	}
	rec, err := records.OpenWhole(c.body)
	if err != nil {
		return err
	}
	if rec.ID() != id {
		return fmt.Errorf("%w: the record is of %s", records.ErrWrongSubject, rec.ID())
	}
	ctx, cancel := s.context(c)
	defer cancel()
	res, err := s.node.Put(ctx, rec)
	return s.sendPublished(c, id, res, err)
}

// withdrawAgent stops renewing a lease.
func (s *server) withdrawAgent(c *call) error {
	id, err := c.agent()
	if err != nil {
		return err
	}
	ctx, cancel := s.context(c)
	defer cancel()
	res, err := s.node.Withdraw(ctx, id)
	if err != nil {
		return s.provenDead(c, id, err)
	}
	return s.sendJSON(c, http.StatusOK, res)
}
