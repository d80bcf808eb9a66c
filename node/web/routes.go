package web

import (
	"context"
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"time"
)

// assets is the page.
//
//go:embed assets
var assets embed.FS

// routes are all paths. What is not here is a file of the page.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	files, err := fs.Sub(assets, "assets")
	if err == nil { // the folder is in the binary
		mux.Handle("/", http.FileServerFS(files))
	}
	mux.HandleFunc(livePath, func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusNotFound, "there is no such path") })
	mux.HandleFunc("GET /live/news", s.news)
	mux.HandleFunc("GET /live/node", s.inspect)
	mux.HandleFunc("POST /live/publish", action(s, func(ctx context.Context, a asked) (any, error) {
		return s.view.Publish(ctx, a.Node, a.Name, a.URL)
	}))
	mux.HandleFunc("POST /live/resolve", action(s, func(ctx context.Context, a asked) (any, error) {
		return s.view.Resolve(ctx, a.Node, a.Agent, a.Policy)
	}))
	mux.HandleFunc("POST /live/revoke", action(s, func(ctx context.Context, a asked) (any, error) {
		return s.view.Revoke(ctx, a.Node, a.Agent)
	}))
	if s.breaks != nil {
		mux.HandleFunc("POST /live/kill", action(s, func(_ context.Context, a asked) (any, error) { return done{}, s.breaks.Kill(a.Node) }))
		mux.HandleFunc("POST /live/restart", action(s, func(_ context.Context, a asked) (any, error) { return done{}, s.breaks.Restart(a.Node) }))
		mux.HandleFunc("POST /live/partition", action(s, func(_ context.Context, a asked) (any, error) { return done{}, s.breaks.Partition(a.Nodes) }))
		mux.HandleFunc("POST /live/heal", action(s, func(context.Context, asked) (any, error) { return done{}, s.breaks.Heal() }))
	}
	return mux
}

// asked is what the page sends; each action reads its part of it.
type asked struct {
	Node   string   `json:"node"`
	Nodes  []string `json:"nodes"`
	Name   string   `json:"name"`
	URL    string   `json:"url"`
	Agent  string   `json:"agent"`
	Policy string   `json:"policy"`
}

// done is the answer where there is nothing to say.
type done struct{}

// action reads what is asked, does it, looks anew, and answers.
func action(s *Server, do func(context.Context, asked) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a, err := readAsked(w, r)
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), actionLimit)
		defer cancel()
		answer, err := do(ctx, a)
		s.log.Info("page: "+r.URL.Path, "node", a.Node, "agent", a.Agent, "err", err)
		s.hub.refresh()
		if err != nil {
			refuse(w, http.StatusUnprocessableEntity, err.Error())
			return
		}
		answerJSON(w, http.StatusOK, answer)
	}
}

// readAsked reads a body that comes in its time.
func readAsked(w http.ResponseWriter, r *http.Request) (a asked, err error) {
	rc := http.NewResponseController(w) // a test's recorder has no deadlines
	_ = rc.SetReadDeadline(time.Now().Add(headerLimit))
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	err = d.Decode(&a)
	_ = rc.SetReadDeadline(time.Time{})
	return a, err
}

// inspect answers with all about a node.
func (s *Server) inspect(w http.ResponseWriter, r *http.Request) {
	d, err := s.view.Inspect(r.URL.Query().Get("name"))
	if err != nil {
		refuse(w, http.StatusNotFound, err.Error())
		return
	}
	answerJSON(w, http.StatusOK, d)
}

const (
	// takeLimit is how long a watcher may take for one message.
	takeLimit = 10 * time.Second
	// beatEvery is how often a quiet stream shows life.
	beatEvery = 10 * time.Second
)

// news is the stream.
func (s *Server) news(w http.ResponseWriter, r *http.Request) {
	me := s.hub.join()
	if me == nil {
		refuse(w, http.StatusServiceUnavailable, "too many pages are open")
		return
	}
	defer s.hub.leave(me)
	rc := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		b, open := []byte(": still here\n\n"), true
		select {
		case b, open = <-me.queue:
		case <-beat.C:
		case <-r.Context().Done():
			return
		}
		if !open {
			return
		}
		_ = rc.SetWriteDeadline(time.Now().Add(takeLimit)) // a test's recorder has none
		if _, err := w.Write(b); err != nil || rc.Flush() != nil {
			return
		}
	}
}

// refuse answers with a reason.
func refuse(w http.ResponseWriter, status int, reason string) {
	answerJSON(w, status, map[string]string{"error": reason})
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"error":"the answer has no JSON form"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b) // a page that was closed is no fault
}
