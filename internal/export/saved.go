package export

import (
	"fmt"
	"time"

	"callstream/internal/order"
)

// announced returns what was announced of an order: its state as it is saved,
// a new one where there is none.
func (w *worker) announced(co *checkout) (*order.State, error) {
	if co.saved == nil {
		return &order.State{Ref: co.ref}, nil
	}
	st, err := w.states.Decode(co.saved)
	if err != nil {
		return nil, fmt.Errorf("decode state: %w", err)
	}
	return st, nil
}

// updateSaved brings a checkout's saved bytes up to date with its verdict and
// reports whether they are to be written; nil bytes remove the state. A state
// that fits no message gives its order up.
func (w *worker) updateSaved(co *checkout, now time.Time) (changed bool, err error) {
	switch co.verdict.Fate {
	case order.Leave:
		return false, nil
	case order.Forget:
		stood := co.saved != nil
		co.saved = nil
		return stood, nil
	case order.Save:
	}
	if co.verdict.State == nil {
		if co.verdict.State, err = w.announced(co); err != nil {
			return false, err
		}
	}
	value, err := w.encode(co, now)
	if err == nil && len(value) > w.cfg.StateLimit {
		co.verdict = co.verdict.StateTooLarge(co.ref, millis(now), len(value), w.cfg.StateLimit)
		value, err = w.encode(co, now)
	}
	if err != nil {
		return false, fmt.Errorf("encode state: %w", err)
	}
	co.saved = value
	co.verdict.State = nil // the bytes stand for it from now on
	return true, nil
}

func (w *worker) encode(co *checkout, now time.Time) ([]byte, error) {
	st := co.verdict.State
	if st.TrackedSince == 0 {
		st.TrackedSince = millis(now)
	}
	st.Tracking, st.Hash = co.verdict.Facts.Tracking, co.verdict.Facts.Hash
	return w.states.Encode(st)
}

func millis(t time.Time) order.Millis { return order.Millis(t.UnixMilli()) }
