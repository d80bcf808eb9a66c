package node

import (
	"os"
	"strings"
	"testing"
)

// The page has the table of profiles as it is.
func TestPageHasTheProfiles(t *testing.T) {
	page, err := os.ReadFile("../docs/network.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range Differences() {
		if row := "| " + d.What + " | " + d.Local + " | " + d.LAN + " | " + d.WAN + " |"; !strings.Contains(string(page), row) {
			t.Errorf("docs/network.md lacks the row\n%s", row)
		}
	}
}
