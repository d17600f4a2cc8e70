package simulator

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Faults is what goes wrong. Numbers are shares between 0 and 1 unless said
// otherwise. The zero Faults is an API in good health.
type Faults struct {
	// Of requests, answered with a retCode.
	Busy        float64 `json:"busy"`        // 7
	Maintenance float64 `json:"maintenance"` // 5
	General     float64 `json:"general"`     // 1
	Internal    float64 `json:"internal"`    // 5001

	// Of requests, answered otherwise.
	Error500 float64 `json:"error500"` // HTTP 500 or 502
	TooMany  float64 `json:"too_many"` // HTTP 429, some with Retry-After
	HTML     float64 `json:"html"`     // a web page under HTTP 200
	Hang     float64 `json:"hang"`     // no answer until the client leaves or HangSeconds
	Cut      float64 `json:"cut"`      // an answer that ends early: with its whole or its own length, or none at all

	// HangSeconds bounds a hang; the connection is then closed. 0 = 120.
	HangSeconds float64 `json:"hang_seconds"`

	BadSignature float64 `json:"bad_signature"` // of answers, signed wrongly
	WrongType    float64 `json:"wrong_type"`    // of answers, with one field of one order of a wrong type
	Unasked      float64 `json:"unasked"`       // of answers, with an order that nobody asked for

	Stale          float64 `json:"stale"`           // of orders in an answer, as an earlier version than shown before
	Missing        float64 `json:"missing"`         // of orders in an answer, left out
	DuplicateEntry float64 `json:"duplicate_entry"` // of orders in an answer, there twice, once older
	Nulls          float64 `json:"nulls"`           // of orders in an answer, with some fields null (not orderID)
	NoCallID       float64 `json:"no_call_id"`      // of orders in an answer, with a call that lacks its callID

	// UnknownStatus is the share of calls, the same ones each time, that show a
	// status that is not in the vendor's table: on the way, for a minute of story
	// after their end, or from their end for ever.
	UnknownStatus float64 `json:"unknown_status"`
	// NumericIDs is the share of orders, the same ones each time, whose taskID,
	// sceneID, intentID and termSipCode are JSON numbers.
	NumericIDs float64 `json:"numeric_ids"`

	CallbackLoss       float64 `json:"callback_loss"`       // of callbacks, never sent
	CallbackDelay      float64 `json:"callback_delay"`      // of callbacks, sent late
	CallbackDuplicates float64 `json:"callback_duplicates"` // of callbacks, sent twice: signed anew, or the very same
	// CallbackDelaySeconds is how late, in seconds of life. 0 = 10.
	CallbackDelaySeconds float64 `json:"callback_delay_seconds"`

	RejectAccount bool `json:"reject_account"` // every request: 6
	RejectAll     bool `json:"reject_all"`     // every request: 4

	// Of listOrder alone.
	ListRefuse    bool `json:"list_refuse"`    // every request: 4
	ListUnknown   bool `json:"list_unknown"`   // every request: HTTP 404
	ListForbidden bool `json:"list_forbidden"` // every request: 6003
	ListShape     bool `json:"list_shape"`     // every answer: orders by their IDs, in no list
	ListLies      bool `json:"list_lies"`      // every answer: each second order is one that does not exist instead
	// ListSize is the largest page; a larger one is refused with 4. 0 = 500.
	ListSize int `json:"list_size"`

	// Poison are order IDs, or beginnings of them with a `*` behind, that spoil
	// every batch they are in; IDs that begin with poison- always do.
	Poison []string `json:"poison"`
	// PoisonWith is what such a batch meets: "4", "4001", "500" (HTTP) or
	// "hang". Empty = "4".
	PoisonWith string `json:"poison_with"`
}

// defaultHang is longer than any client in its senses waits.
const defaultHang = 2 * time.Minute

// validate names the first field that is out of its range.
func (f Faults) validate() error {
	v := reflect.ValueOf(f)
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("json")
		if v.Field(i).Kind() != reflect.Float64 {
			continue
		}
		share := v.Field(i).Float()
		if strings.HasSuffix(name, "_seconds") && share >= 0 {
			continue
		}
		if !(share >= 0 && share <= 1) {
			return fmt.Errorf("check faults: %s is %v, not between 0 and 1", name, share)
		}
	}
	if f.ListSize < 0 {
		return fmt.Errorf("check faults: list_size is %d, not 0 or more", f.ListSize)
	}
	if !slices.Contains([]string{"", "4", "4001", "500", "hang"}, f.PoisonWith) {
		return fmt.Errorf("check faults: poison_with is %q, not 4, 4001, 500 or hang", f.PoisonWith)
	}
	return nil
}

func (f Faults) clone() Faults {
	f.Poison = slices.Clone(f.Poison)
	return f
}

func (f Faults) hangFor() time.Duration {
	if f.HangSeconds == 0 {
		return defaultHang
	}
	return time.Duration(f.HangSeconds * float64(time.Second))
}

func (f Faults) callbackDelay() time.Duration {
	if f.CallbackDelaySeconds == 0 {
		return defaultCallbackDelay
	}
	return time.Duration(f.CallbackDelaySeconds * float64(time.Second))
}

func (f Faults) poisons(order string) bool {
	if strings.HasPrefix(order, prefixPoison) {
		return true
	}
	return slices.ContainsFunc(f.Poison, func(p string) bool {
		begin, open := strings.CutSuffix(p, "*")
		return order == p || open && strings.HasPrefix(order, begin)
	})
}

// touchesOrders reports whether any fault can change the orders of an answer.
func (f Faults) touchesOrders() bool {
	return f.WrongType+f.Stale+f.Missing+f.DuplicateEntry+f.Nulls+f.NoCallID > 0
}

// SetFaults replaces the whole set from the next request on. Its error names
// the field that is out of range; nothing is changed then.
func (s *Simulator) SetFaults(f Faults) error {
	if err := f.validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f.clone()
	return nil
}

// Faults returns the present set.
func (s *Simulator) Faults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults.clone()
}

// mishap is what one request meets on the way to its answer: a retCode, or one
// of those below, which are none. 0 = nothing.
type mishap int

const (
	tooMany mishap = -1 - iota
	error500
	htmlPage
	hang
)

// fate is all chance of one request. It is drawn at once when the request arrives,
// and always with the same number of draws: so the n-th request of a run meets the
// same faults in each run, however fast the ones before it were answered.
type fate struct {
	faults       Faults
	mishap       mishap
	cut          bool
	badSignature bool
	wrongType    bool
	unasked      bool
	variant      int        // chooses among the forms of one fault
	dice         *rand.Rand // for the orders of the answer
	number       int        // of the request, from 1
}

// draw counts a request and draws its fate.
func (s *Simulator) draw(now time.Time) fate {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.arrive(now)
	f := s.faults.clone()
	hit := func(share float64) bool { return s.dice.Float64() < share }
	v := fate{faults: f}
	for _, c := range []struct {
		mishap mishap
		share  float64
	}{
		{tooMany, f.TooMany},
		{error500, f.Error500},
		{htmlPage, f.HTML},
		{hang, f.Hang},
		{codeBusy, f.Busy},
		{codeMaintenance, f.Maintenance},
		{codeGeneral, f.General},
		{codeInternal, f.Internal},
	} {
		if hit(c.share) && v.mishap == 0 {
			v.mishap = c.mishap
		}
	}
	v.cut, v.badSignature = hit(f.Cut), hit(f.BadSignature)
	v.wrongType, v.unasked = hit(f.WrongType), hit(f.Unasked)
	v.variant = s.dice.IntN(1 << 16)
	v.dice = rand.New(rand.NewPCG(s.dice.Uint64(), s.dice.Uint64()))
	v.number = s.stats.received
	return v
}
