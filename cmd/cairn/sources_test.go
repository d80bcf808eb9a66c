package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"
)

// allSettings are the settings of the grammar.
func allSettings(t testing.TB) []*kong.Flag {
	t.Helper()
	parser, err := newParser(&cli{}, env{stdout: io.Discard, stderr: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	return settingFlags(parser.Model)
}

// Each setting can be given in each of the three ways, under one name, with one meaning.
func TestSettingsByEachWay(t *testing.T) {
	samples := map[string]any{
		"listen": []string{"/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/udp/1/quic-v1"}, "announce": []string{"/dns4/a.example/tcp/1"},
		"bootstrap": []string{"/ip4/192.0.2.1/tcp/7474/p2p/12D3KooWNe56QYqjX4Ngf94baBrsjs9Dw4DDLybS1HNaGwVUcHbv"},
		"network":   "n", "profile": "lan", "replication": 3, "fact-room": 64, "no-mdns": true, "api": "127.0.0.1:1", "api-host": []string{"a.example"},
		"api-origin": []string{"https://a.example"}, "api-expose": true, "traces": "http://127.0.0.1:4318", "web": true, "web-addr": "127.0.0.1:7480", "log-level": "info", "log-format": "json",
		"dir": "", "key-file": "", "token-file": "", // paths, below
	}
	folder := t.TempDir()
	for _, name := range []string{"dir", "key-file", "token-file"} {
		samples[name] = filepath.Join(folder, name)
	}
	if err := os.WriteFile(filepath.Join(folder, "token-file"), []byte("a-token-that-somebody-chose-0123456789\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, f := range allSettings(t) {
		want, ok := samples[f.Name]
		if !ok {
			t.Errorf("no sample for %s", f.Name)
			continue
		}
		list, ok := want.([]string)
		if !ok {
			list = []string{strings.Trim(string(must(marshalLine(want))), "\"\n")}
		}
		var flags []string
		for _, text := range list {
			flags = append(flags, "--"+f.Name+"="+text)
		}
		file := filepath.Join(t.TempDir(), "c.toml")
		if err := os.WriteFile(file, must(toml.Marshal(map[string]any{f.Name: want})), 0o600); err != nil {
			t.Fatal(err)
		}
		answer := `{"key":"` + f.Name + `","value":` + strings.TrimSpace(string(must(marshalLine(want)))) + `,"from":"`
		for way, tt := range map[string]struct {
			vars map[string]string
			args []string
			from string
		}{
			"flag":        {nil, flags, "--" + f.Name},
			"environment": {map[string]string{variable(f.Name): strings.Join(list, ",")}, nil, "$" + variable(f.Name)},
			"file":        {nil, []string{"--config", file}, f.Name + " in " + file},
		} {
			code, stdout, stderr := runIn(t, "", tt.vars, append([]string{"config", "show", "-o", "json"}, tt.args...)...)
			if code != exitOK || !strings.Contains(stdout, answer+tt.from+`"`) {
				t.Errorf("%s by %s: exit code %d, %s, want %s\n%s", f.Name, way, code, stderr, answer+tt.from, stdout)
			}
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// FuzzDecodeConfig: what is taken is written and read again as the same; what is not has a reason.
func FuzzDecodeConfig(f *testing.F) {
	for _, text := range []string{
		"", "listen = ['/ip4/127.0.0.1/tcp/0']\nno-mdns = true\n", "replication = 5 # five\n", "lisen = 1\n[table]\nkey = 1\n",
		"dir = \"a\\u0000b\"\n", "listen = [1]\n", "api-host.x = 1\n", "replication = 99999999999999999999\n", "dir = 1979-05-27\n", "= ",
	} {
		f.Add(text)
	}
	flags := allSettings(f)
	f.Fuzz(func(t *testing.T, text string) {
		values, err := decodeConfig([]byte(text), flags)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		b, err := toml.Marshal(values)
		if err != nil {
			t.Fatalf("%v cannot be written: %v", values, err)
		}
		again, err := decodeConfig(b, flags)
		if err != nil || !cmp.Equal(values, again) {
			t.Errorf("%v was written as\n%s\nand read as %v, %v", values, b, again, err)
		}
	})
}
