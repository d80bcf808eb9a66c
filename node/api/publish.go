package api

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

const (
	// MinLease is the shortest lease that a request may ask for.
	MinLease = 10 * time.Second
	// maxAgentName bounds the name of an agent in the data directory, in bytes.
	maxAgentName = 64
)

// publish imports one document, signs and publishes it.
func (s *server) publish(c *call) error {
	req, err := c.publishRequest()
	if err != nil {
		return err
	}
	ctx, cancel := s.context(c)
	defer cancel()
	res, err := s.node.Publish(ctx, req)
	return s.sendPublished(c, res.ID, res, err)
}

// sendPublished answers 200 where enough peers stored it and 202 where it stands
// here, was stored by too few, and goes out again by itself.
func (s *server) sendPublished(c *call, id records.AgentID, res PublishResult, err error) error {
	if errors.Is(err, ErrTooFew) && !res.ID.IsZero() {
		res.Partial, res.Reason, err = true, err.Error(), nil
	}
	if err != nil {
		return s.provenDead(c, id, err)
	}
	return s.sendJSON(c, storedCode(res.Partial), res)
}

// storedCode is 200 for what is stored, 202 for what goes out again.
func storedCode(partial bool) int {
	if partial {
		return http.StatusAccepted
	}
	return http.StatusOK
}

// publishRequest reads query and body.
func (c *call) publishRequest() (PublishRequest, error) {
	req := PublishRequest{Agent: c.params.Get("agent"), Document: c.body}
	if c.params.Has("agent") && !agentRef(req.Agent) {
		return req, problem("parameter", "agent %.80q: want an ID, a DID, or a name of letters, digits, dots, dashes and underscores, at most %d, the first a letter or digit", req.Agent, maxAgentName)
	}
	if c.params.Has("lease") {
		lease, err := time.ParseDuration(c.params.Get("lease"))
		if err != nil || lease < MinLease || lease > records.MaxLease {
			return req, problem("parameter", "lease %.32q: want a duration such as 30m, from %s to %s", c.params.Get("lease"), MinLease, records.MaxLease)
		}
		req.Lease = lease
	}
	var err error
	if req.Code, err = parseCode(c.params.Get("code")); err != nil {
		return req, err
	}
	if req.Claims, err = parseClaims(c.params.Get("claims")); err != nil {
		return req, err
	}
	if req.AllowPrivate, err = c.flag("allow_private"); err != nil {
		return req, err
	}
	if !json.Valid(c.body) {
		return req, problem("malformed", "the body is not JSON")
	}
	return req, nil
}

// parseCode reads digests of code, "image:HEX,slsa:HEX".
func parseCode(text string) (list []records.CodeDigest, err error) {
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		kind, digits, _ := strings.Cut(part, ":")
		sum, err := hex.DecodeString(digits)
		if kind == "" || len(kind) > records.MaxToken || err != nil || len(sum) != 32 || len(list) == records.MaxCodeDigests {
			return nil, problem("parameter", "code %.80q: want at most %d of TYPE:SHA256, such as image:e3b0..., with commas between", text, records.MaxCodeDigests)
		}
		list = append(list, records.CodeDigest{Type: kind, Digest: [32]byte(sum)})
	}
	return list, nil
}

// parseClaims reads claims, in base64url with commas between.
func parseClaims(text string) (list []*records.Claim, err error) {
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		b, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || len(list) == records.MaxExtensions {
			return nil, problem("parameter", "claims: want at most %d in base64url, with commas between", records.MaxExtensions)
		}
		claim, err := records.OpenClaim(b)
		if err != nil {
			return nil, err
		}
		list = append(list, claim)
	}
	return list, nil
}

// formatClaims writes what parseClaims reads.
func formatClaims(list []*records.Claim) string {
	var parts []string
	for _, c := range list {
		parts = append(parts, base64.RawURLEncoding.EncodeToString(c.Bytes()))
	}
	return strings.Join(parts, ",")
}

// formatCode writes what parseCode reads.
func formatCode(list []records.CodeDigest) string {
	var parts []string
	for _, d := range list {
		parts = append(parts, d.Type+":"+hex.EncodeToString(d.Digest[:]))
	}
	return strings.Join(parts, ",")
}

// agentRef takes what can name an agent of the data directory: its ID, its DID, or
// a name.
func agentRef(s string) bool {
	_, err := records.ParseAgentID(s)
	return err == nil || agentName(s)
}

// agentName keeps paths out of names: a name is one word, and no hidden file.
func agentName(s string) bool {
	if s == "" || len(s) > maxAgentName {
		return false
	}
	for i, r := range []byte(s) {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !letter && (i == 0 || r != '.' && r != '-' && r != '_') {
			return false
		}
	}
	return true
}

// flag reads a parameter that is true or false.
func (c *call) flag(name string) (bool, error) {
	switch v := c.params.Get(name); {
	case v == "true":
		return true, nil
	case v == "false" || !c.params.Has(name):
		return false, nil
	default:
		return false, problem("parameter", "%s %.32q: want true or false", name, v)
	}
}

// publishAll streams one outcome per entry.
func (s *server) publishAll(c *call) error {
	req, err := c.publishRequest()
	if err != nil {
		return err
	}
	st, err := s.openStream(c, streamMode{media: typeNDJSON, live: true})
	if err != nil {
		return err
	}
	defer st.close()
	for outcome, err := range s.node.PublishAll(st.ctx, req) {
		if err != nil {
			return st.fail(err)
		}
		if !st.send(frame{data: outcome}) {
			return nil
		}
	}
	return st.end()
}
