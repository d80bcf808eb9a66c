package overlay

import (
	"bufio"
	"bytes"
	"testing"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
)

func TestBackingIsEnough(t *testing.T) {
	for _, row := range []struct {
		name string
		b    Backing
		want bool
	}{
		{"most of 20, in five groups", Backing{Known: true, Nearest: 20, Covering: 11, Groups: 5, Available: 5}, true},
		{"half of them", Backing{Known: true, Nearest: 20, Covering: 10, Groups: 5, Available: 5}, false},
		{"all in one group, where there are more", Backing{Known: true, Nearest: 20, Covering: 20, Groups: 1, Available: 5}, false},
		{"all in one group, and there is one", Backing{Known: true, Nearest: 20, Covering: 20, Groups: 1, Available: 1}, true},
		{"who is nearest is not known", Backing{Nearest: 20, Covering: 20, Groups: 5, Available: 5}, false},
		{"both of two", Backing{Known: true, Nearest: 2, Covering: 2, Groups: 1, Available: 1}, true},
		{"one of two", Backing{Known: true, Nearest: 2, Covering: 1, Groups: 1, Available: 1}, false},
		{"nobody is there", Backing{Known: true}, false},
	} {
		if got := row.b.Enough(); got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
}

// TestStampedFrame: the field is read where it was added, whatever the message, and a frame
// that is not a whole message stays as it is.
func TestStampedFrame(t *testing.T) {
	for _, size := range []int{0, 100, 5_000} {
		m := putValue("/cairn/key", bytes.Repeat([]byte{7}, size))
		frame, err := encodeFrame(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := coverIn(m); ok {
			t.Fatal("says something without the field")
		}
		got, _, err := readFrame(bufio.NewReader(bytes.NewReader(stamped(frame, coverField(301)))), maxReply)
		if err != nil {
			t.Fatal(err)
		}
		if v, ok := coverIn(got); !ok || v != 301 || !bytes.Equal(got.GetRecord().GetValue(), m.GetRecord().GetValue()) {
			t.Errorf("%d, %v of a value of %d bytes", v, ok, size)
		}
		for _, part := range [][]byte{frame[:len(frame)-1], frame[1:], nil} {
			if !bytes.Equal(stamped(part, coverField(1)), part) {
				t.Error("a part of a frame was changed")
			}
		}
	}
}

func FuzzCover(f *testing.F) {
	f.Add(coverField(1))
	f.Add(append([]byte{0x0a, 1, 'x'}, coverField(1<<40)...))
	f.Fuzz(func(t *testing.T, unknown []byte) {
		m := new(pb.Message)
		m.ProtoReflect().SetUnknown(unknown)
		if v, ok := coverIn(m); ok == (v == 0) {
			t.Errorf("%x says %d, %v", unknown, v, ok)
		}
	})
}
