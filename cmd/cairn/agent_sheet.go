package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"rsc.io/qr"

	"github.com/cairn-overlay/cairn/node/keyring"
)

type agentSheetCmd struct {
	Agent string `arg:"" name:"name|id" help:"Name, ID or DID of an agent whose key is here."`
	Seed  bool   `help:"Print the agent's revocation seed, which ends every agent that it spawned, in place of its own certificate."`
	File  string `placeholder:"FILE" help:"Write the sheet into this file, mode 0600, which must not exist, and nothing of it to the terminal."`
	PNG   string `name:"png" placeholder:"FILE" help:"Write its QR code as a picture into this file, mode 0600, which must not exist."`
}

func (agentSheetCmd) Help() string {
	return `Prints what ends an agent, to be kept on paper: groups of letters and digits, each with a check of its own, and the same as a QR code. Whoever has the sheet can end the agent and do nothing else with it. When the day comes, any machine with a daemon will do: type the groups, or pipe what a scanner reads.

    cairn agent sheet translator
    cairn agent sheet translator --file sheet.txt --png sheet.png
    cairn agent sheet translator --seed
    cairn revoke --cert - --yes

With -o raw it prints the groups alone.`
}

func (agentSheetCmd) rawDoc() string { return "the groups" }

// sheet is what is printed of an agent.
type sheet struct {
	agentInfo
	Ends   string   `json:"ends"`             // "agent", or "children" for a seed
	Groups []string `json:"groups,omitempty"` // empty where it went into a file
	File   string   `json:"file,omitempty"`
	PNG    string   `json:"png,omitempty"`
	code   *qr.Code
}

// Run prints the sheet.
func (c *agentSheetCmd) Run(s *session) error {
	a, err := s.agent(c.Agent)
	if err != nil {
		return err
	}
	sh := sheet{agentInfo: newAgentInfo(a), Ends: "agent"}
	if sh.Groups, err = c.groups(s, a); err != nil {
		return err
	}
	if c.Seed {
		sh.Ends = "children"
	}
	if sh.code, err = qr.Encode(strings.Join(sh.Groups, " "), qr.M); err != nil {
		return err
	}
	if c.PNG != "" {
		if err := writeSecret(c.PNG, sh.code.PNG()); err != nil {
			return err
		}
	}
	if c.File != "" {
		var page strings.Builder
		sh.page(&text{w: &page}, onPaper)
		if err := writeSecret(c.File, []byte(page.String())); err != nil {
			return err
		}
		sh.Groups = nil
	}
	sh.File, sh.PNG = c.File, c.PNG
	return s.print(sh)
}

// groups are those of the certificate or of the seed.
func (c *agentSheetCmd) groups(s *session, a keyring.Agent) ([]string, error) {
	if c.Seed {
		if a.SeedPath == "" {
			return nil, &failure{exitNotFound, fmt.Errorf("%s has spawned no agent, and has no seed", a.Name), "print its own certificate: leave --seed out"}
		}
		seed, err := keyring.ReadSeed(a.SeedPath)
		if err != nil {
			return nil, err
		}
		return keyring.SeedGroups(seed), nil
	}
	keys, err := s.keys()
	if err != nil {
		return nil, err
	}
	cert, err := keys.Certificate(a.Name)
	if errors.Is(err, keyring.ErrNoSecret) {
		return nil, &failure{exitNotFound, err, "bring the certificate back for as long as it takes to print it"}
	}
	if err != nil {
		return nil, err
	}
	return keyring.CertificateGroups(cert), nil
}

// writeSecret writes a new file that nobody else may read.
func writeSecret(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return usage(err, "name a file that does not exist; secrets never overwrite anything")
	}
	if err != nil {
		return usage(err, "name a file that can be written")
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func (sh sheet) raw() []byte { return []byte(strings.Join(sh.Groups, "\n") + "\n") }

func (sh sheet) show(t *text) {
	if sh.File == "" {
		sh.page(t, onScreen)
	} else {
		t.line("wrote the sheet of %s", sh.Name)
		t.field("file", "%s", sh.File)
	}
	if sh.PNG != "" {
		t.field("picture", "%s", sh.PNG)
	}
	if sh.File != "" || sh.PNG != "" {
		t.field("next", "print it, lay it into a safe, and remove the files: whoever finds one can do what it says")
	}
}

// groupsInLine is how many groups stand in a line of a sheet.
const groupsInLine = 3

// What is dark in a code is drawn as ink on paper, and left out on a screen, which is dark.
const (
	onPaper  = true
	onScreen = false
)

// page is the sheet as it is printed: first what to do, since whoever reads it is in a hurry.
func (sh sheet) page(t *text, paper bool) {
	command := "cairn revoke --cert - --yes"
	if sh.Ends == "children" {
		t.line("TO END an agent that %s spawned, for good:", sh.Name)
		command = "cairn revoke ID --seed - --yes"
	} else {
		t.line("TO END the agent %s, for good:", sh.Name)
	}
	t.line("")
	t.line("1. On any machine where a Cairn daemon runs: %s", command)
	t.line("2. Type the groups below, in their order, and then Ctrl-D. Numbers, dashes and capitals do not matter.")
	t.line("   A group that is mistyped is named. Or pipe in what a scanner reads from the code.")
	t.line("3. It says: revoked, for good. Nothing undoes that.")
	t.line("")
	for i := 0; i < len(sh.Groups); i += groupsInLine {
		line := ""
		for j, g := range sh.Groups[i:min(i+groupsInLine, len(sh.Groups))] {
			line += fmt.Sprintf("%4d) %s", i+j+1, g)
		}
		t.line("%s", line)
	}
	t.line("")
	t.line("agent  %s", sh.ID)
	t.line("ends   %s by itself", showTime(sh.End))
	t.line("")
	for _, line := range drawCode(sh.code, paper) {
		t.line("%s", line)
	}
	t.line("Keep this where nobody finds it by chance: whoever has it needs nothing else to do the above.")
}

// drawCode draws a QR code in half blocks, with a quiet zone as scanners need it.
func drawCode(code *qr.Code, paper bool) (lines []string) {
	const quiet = 2
	drawn := func(x, y int) bool { return code.Black(x, y) == paper }
	for y := -quiet; y < code.Size+quiet; y += 2 {
		var line strings.Builder
		for x := -quiet; x < code.Size+quiet; x++ {
			switch top, bottom := drawn(x, y), drawn(x, y+1); {
			case top && bottom:
				line.WriteString("█")
			case top:
				line.WriteString("▀")
			case bottom:
				line.WriteString("▄")
			default:
				line.WriteString(" ")
			}
		}
		lines = append(lines, line.String())
	}
	return lines
}
