package demo

import (
	"embed"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
)

// maxCard bounds an example that is read.
const maxCard = 1 << 20

//go:embed cards/*.json
var builtIn embed.FS

// card is an agent's description.
type card struct {
	name string // of its file, without the ending
	doc  []byte
}

// loadCards reads the examples of a folder and of the folders in it, or the
// built-in ones where there are none.
func loadCards(dir string) (cards []card, from string, err error) {
	if dir != "" {
		cards, err = readCards(os.DirFS(dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, "", err
		}
	}
	if len(cards) > 0 {
		return cards, dir, nil
	}
	cards, err = readCards(builtIn)
	return cards, "the program itself", err
}

func readCards(tree fs.FS) ([]card, error) {
	var cards []card
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.Count(name, "/") > 1 || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".json":
			return nil
		}
		if info, err := d.Info(); err != nil || info.Size() > maxCard {
			return err
		}
		doc, err := fs.ReadFile(tree, name)
		cards = append(cards, card{name: strings.TrimSuffix(path.Base(name), ".json"), doc: doc})
		return err
	})
	return cards, err
}
