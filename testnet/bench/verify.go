package bench

import (
	"context"
	"crypto/ed25519"
	"errors"
	"time"

	"github.com/cairn-overlay/cairn/records"
)

const (
	// verifyRecords is how many records one block verifies.
	verifyRecords = 500
	// tombstonesPerRecord keeps a block of tombstones about as long.
	tombstonesPerRecord = 10
)

func verify() Metric {
	return Metric{
		Name: "verify", About: "1/s; signed records opened per second and core, against bare Ed25519", Nodes: 1,
		Explained: Explanation{
			Measures: "How many signed location records one core decodes and verifies in a second, in CPU time: `records.OpenRecord` over the bytes of as many different agents. Beside it tombstones, which need two hashes and no signature, and duplicates: a tombstone that is known already, verified again and found in the fact set.",
			Unit:     "1/s, records per second of CPU time. `p50` is the median of the ratios of interleaved pairs, `least` and `most` are the ends. `batched` is the same for all records of a block opened together with `records.OpenRecords`, one rule and one answer for each, `tombstones` a figure in 1/s, `duplicates` the rate of known tombstones over that of bare Ed25519.",
			Floor:    "`ed25519.Verify` of the standard library over messages of the same size, with another key for each.",
			Goal:     "Single at least 0.95 of bare Ed25519, batched at least 1.9 of it, 10^6 tombstones a second, duplicates at 50 times the rate of bare Ed25519.",
		},
		Run: runs(effort{pairs: fewPairs, items: verifyRecords}, effort{pairs: manyPairs, items: 4 * verifyRecords}, runVerify),
	}
}

// verification is what there is to verify.
type verification struct {
	records    [][]byte
	tombstones [][]byte
	keys       []ed25519.PublicKey
	messages   [][]byte
	signatures [][]byte
	known      *records.FactSet
}

func runVerify(ctx context.Context, e effort, say func(string, ...any)) (Result, error) {
	v, err := newVerification(ctx, e.items)
	if err != nil {
		return Result{}, err
	}
	r := Result{Unit: Rate, Goal: map[string]float64{"p50": 0.95, "batched": 1.9, "tombstones": 1e6, "duplicates": 50}}
	say("verify: %d pairs of %d records", e.pairs, e.items)
	singles, err := measurePairs(ctx, e.pairs, v.openRecords, v.bare)
	if err != nil && ctx.Err() == nil {
		return r, err
	}
	singles.tell(&r)
	err = v.besides(ctx, e.pairs, &r)
	return r, err
}

// besides measures what else there is to verify.
func (v *verification) besides(ctx context.Context, n int, r *Result) error {
	for _, arm := range []struct {
		name string
		ours func() (float64, error)
	}{{"batched", v.openTogether}, {"tombstones", v.openTombstones}, {"duplicates", v.duplicates}} {
		p, err := measurePairs(ctx, n, arm.ours, v.bare)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		case arm.name == "tombstones":
			r.Figures = append(r.Figures, Figure{arm.name, Rate, median(p.ours)})
		default:
			r.ratio(arm.name, median(p.ratios()))
		}
	}
	return nil
}

func newVerification(ctx context.Context, n int) (*verification, error) {
	recs, err := signedRecords(ctx, n)
	if err != nil {
		return nil, err
	}
	stones, err := tombstones(ctx, n*tombstonesPerRecord)
	if err != nil {
		return nil, err
	}
	v := &verification{known: records.NewFactSet()}
	for _, rec := range recs {
		public, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			return nil, err
		}
		v.records = append(v.records, rec.Bytes())
		v.keys, v.messages = append(v.keys, public), append(v.messages, rec.Bytes())
		v.signatures = append(v.signatures, ed25519.Sign(private, rec.Bytes()))
	}
	for _, t := range stones {
		v.tombstones = append(v.tombstones, t.Bytes())
		v.known.Add(t)
	}
	return v, nil
}

func (v *verification) openRecords() (float64, error) {
	return perCPUSecond(len(v.records), func(i int) error {
		_, err := records.OpenRecord(v.records[i])
		return err
	})
}

func (v *verification) openTogether() (float64, error) {
	rate, err := perCPUSecond(1, func(int) error {
		_, errs := records.OpenRecords(v.records)
		return errors.Join(errs...)
	})
	return rate * float64(len(v.records)), err
}

func (v *verification) openTombstones() (float64, error) {
	return perCPUSecond(len(v.tombstones), func(i int) error {
		_, err := records.OpenTombstone(v.tombstones[i])
		return err
	})
}

func (v *verification) duplicates() (float64, error) {
	return perCPUSecond(len(v.tombstones), func(i int) error {
		t, err := records.OpenTombstone(v.tombstones[i])
		if err == nil && !v.known.Has(t) {
			err = errors.New("a known tombstone is not in the set")
		}
		return err
	})
}

func (v *verification) bare() (float64, error) {
	return perCPUSecond(len(v.keys), func(i int) error {
		if !ed25519.Verify(v.keys[i], v.messages[i], v.signatures[i]) {
			return errors.New("a good signature does not verify")
		}
		return nil
	})
}

// perCPUSecond does n pieces of work and returns how many a second of CPU time
// would hold.
func perCPUSecond(n int, work func(i int) error) (float64, error) {
	begin, err := cpuTime()
	if err != nil {
		return 0, err
	}
	for i := range n {
		if err := work(i); err != nil {
			return 0, err
		}
	}
	end, err := cpuTime()
	return float64(n) / max(end-begin, time.Microsecond).Seconds(), err
}
