package traces

import (
	"context"
	"encoding/hex"
	"strconv"
	"time"
)

// Span is something that took time within a call.
type Span struct {
	Name       string
	Begin, End time.Time
	Attributes []Attribute
	Err        error // why it failed, nil where it did not
}

// Attribute is one property of a span.
type Attribute struct {
	Key   string
	Value any // a string, an int or a bool
}

// Call is a span that has begun. Nil is one that nobody records.
type Call struct {
	sender *Sender
	self   scope
	parent *scope // nil: it is the first of its trace
	name   string
	begin  time.Time
}

// Begin begins a span: a part of what the context belongs to, or else a trace of its own.
// Calls with the context that it returns are parts of it.
func (s *Sender) Begin(ctx context.Context, name string) (context.Context, *Call) {
	if s == nil {
		return ctx, nil
	}
	c := &Call{sender: s, self: scope{trace: newTraceID(), span: newSpanID(), recorded: true}, parent: scopeOf(ctx), name: name, begin: time.Now()}
	if c.parent != nil {
		if !c.parent.recorded {
			return ctx, nil
		}
		c.self.trace = c.parent.trace
	}
	return context.WithValue(ctx, scopeKey{}, &c.self), c
}

// Within is Begin for what is recorded only as a part of something else.
func (s *Sender) Within(ctx context.Context, name string) *Call {
	if s == nil || scopeOf(ctx) == nil {
		return nil
	}
	_, c := s.Begin(ctx, name)
	return c
}

// Recorded reports whether somebody looks: End would keep what it is given.
func (c *Call) Recorded() bool { return c != nil }

// End ends the span, with its parts.
func (c *Call) End(err error, attributes []Attribute, parts []Span) {
	if c == nil {
		return
	}
	own := c.self.encode(Span{c.name, c.begin, time.Now(), attributes, err}, kindInternal)
	if c.parent != nil {
		own.Parent = hex.EncodeToString(c.parent.span[:])
		if c.parent.remote {
			own.Kind = kindServer
		}
	}
	all := append(make([]span, 0, 1+len(parts)), own)
	for _, part := range parts {
		at := scope{trace: c.self.trace, span: newSpanID()}
		child := at.encode(part, kindClient)
		child.Parent = own.ID
		all = append(all, child)
	}
	c.sender.add(all)
}

// The kinds of spans that there are here, as OTLP numbers them.
const (
	kindInternal = 1
	kindServer   = 2
	kindClient   = 3
)

// maxText bounds a text in a span, in bytes.
const maxText = 512

// The messages of OTLP in JSON: IDs in hexadecimal, 64-bit numbers as text.
type (
	span struct {
		Trace      string     `json:"traceId"`
		ID         string     `json:"spanId"`
		Parent     string     `json:"parentSpanId,omitempty"`
		Name       string     `json:"name"`
		Kind       int        `json:"kind"`
		Begin      string     `json:"startTimeUnixNano"`
		End        string     `json:"endTimeUnixNano"`
		Attributes []property `json:"attributes,omitempty"`
		Status     *outcome   `json:"status,omitempty"`
	}
	property struct {
		Key   string `json:"key"`
		Value value  `json:"value"`
	}
	value struct {
		Text *string `json:"stringValue,omitempty"`
		Int  *string `json:"intValue,omitempty"`
		Bool *bool   `json:"boolValue,omitempty"`
	}
	outcome struct {
		Code    int    `json:"code"` // 2 is an error
		Message string `json:"message"`
	}
)

func (sc scope) encode(s Span, kind int) span {
	out := span{
		Trace: hex.EncodeToString(sc.trace[:]), ID: hex.EncodeToString(sc.span[:]), Name: s.Name, Kind: kind,
		Begin: nanoseconds(s.Begin), End: nanoseconds(s.End), Attributes: properties(s.Attributes),
	}
	if s.Err != nil {
		out.Status = &outcome{2, clip(s.Err.Error())}
	}
	return out
}

func nanoseconds(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

func properties(attributes []Attribute) (all []property) {
	for _, a := range attributes {
		var v value
		switch x := a.Value.(type) {
		case string:
			x = clip(x)
			v.Text = &x
		case int:
			text := strconv.Itoa(x)
			v.Int = &text
		case bool:
			v.Bool = &x
		}
		all = append(all, property{a.Key, v})
	}
	return all
}

func clip(text string) string { return text[:min(len(text), maxText)] }
