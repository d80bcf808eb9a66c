package riblt_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"iter"
	"log"

	"github.com/cairn-overlay/cairn/internal/riblt"
)

// Two sides find out what each lacks. The item of a thing is its keyed hash, so
// that both can turn a recovered item back into the thing it stands for.
func Example() {
	var key riblt.Key                   // from both sides' nonces, fresh in every session
	hashKey := []byte("from them, too") // for the items
	item := func(thing string) riblt.Item {
		mac := hmac.New(sha256.New, hashKey)
		mac.Write([]byte(thing))
		return riblt.Item(mac.Sum(nil)[:16])
	}
	items := func(things ...string) (iter.Seq[riblt.Item], map[riblt.Item]string) {
		names := make(map[riblt.Item]string)
		for _, thing := range things {
			names[item(thing)] = thing
		}
		return func(yield func(riblt.Item) bool) {
			for it := range names {
				if !yield(it) {
					return
				}
			}
		}, names
	}
	theirs, theirNames := items("ash", "birch", "cedar", "elm")
	ours, ourNames := items("ash", "birch", "cedar", "fir")

	enc := riblt.NewEncoder(key, theirs)
	dec := riblt.NewDecoder(key, ours, 100)
	for !dec.Done() {
		message := enc.Next(8).Append(nil) // what travels
		run, err := riblt.ParseRun(message, 8)
		if err != nil {
			log.Fatal(err)
		}
		if err := dec.Add(run); err != nil {
			log.Fatal(err)
		}
	}
	for _, it := range dec.Missing() {
		fmt.Println("we lack", theirNames[it])
	}
	for _, it := range dec.Extra() {
		fmt.Println("they lack", ourNames[it])
	}
	// Output:
	// we lack elm
	// they lack fir
}
