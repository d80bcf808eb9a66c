package chaos

import (
	"errors"
	"os"
	"testing"
)

// Outside of namespaces that were made for it, the laboratory does nothing at all.
func TestRefusesOutside(t *testing.T) {
	t.Setenv(outsideEnv, "") // so that it is as before in the end
	if err := os.Unsetenv(outsideEnv); err != nil {
		t.Fatal(err)
	}
	if l, err := openLab(); !errors.Is(err, ErrExposed) {
		t.Errorf("%v, %v", l, err)
	}
	if _, err := NewWorld(Config{Cairn: "/bin/true", Logs: t.TempDir()}); !errors.Is(err, ErrExposed) {
		t.Errorf("%v", err)
	}
}

// Who claims to be inside is looked at all the same.
func TestLooksAround(t *testing.T) {
	t.Setenv(outsideEnv, "net:[0]")
	s, err := look()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.devices["lo"]; !ok || s.own == "" || s.outside != "net:[0]" {
		t.Errorf("%+v", s)
	}
	if len(s.devices["lo"]) > 0 && !errors.Is(s.check(), ErrExposed) {
		t.Errorf("%+v passes", s)
	}
}
