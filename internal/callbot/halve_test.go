package callbot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"callstream/internal/order"
)

func TestLook(t *testing.T) {
	play(t, "a good answer", func(s *scene) {
		s.api.entry = func(id string) string {
			if id == "o001" {
				return ""
			}
			return `{"orderID":"` + id + `","userName":"x"},{"orderID":"other"},{"orderID":"o000","userTaskID":"u"},{}`
		}
		begin := time.Now()
		ids := orders(3)
		look := s.looks(append(ids, ids...), outcome{missing: []string{"o001"}})
		if a, err := look.Seen["o002"].Decode(); err != nil || a.ID != "o002" || a.Task != "t" || a.UserName != "x" {
			s.t.Errorf("decoded %+v, %v", a, err)
		}
		if at := time.UnixMilli(int64(look.At)); at.Before(begin) || at.After(time.Now()) {
			s.t.Errorf("answered at %v", at)
		}
		wantEqual(s.t, s.api.asked, [][]string{ids})
		wantEqual(s.t, s.observer.dropped, map[string]int{DroppedNotAsked: 4, DroppedUnreadable: 2})
		wantEqual(s.t, s.observer.requests, map[string]int{"ok 0": 1})
	})
	play(t, "on a clock that differs from the machine's", func(s *scene) {
		at := time.UnixMilli(1_700_000_000_000)
		s.client.cfg.Now = func() time.Time { return at }
		if look := s.looks(orders(3), outcome{}); int64(look.At) != at.UnixMilli() {
			s.t.Errorf("answered at %d", look.At)
		}
		s.api.instead = func(_ int, ids []string) http.HandlerFunc {
			if len(ids) == 1 && ids[0] == orders(2)[0] {
				return retCode(4)
			}
			return nil
		}
		if look := s.looks(orders(1), outcome{rejected: orders(1)}); int64(look.At) != at.UnixMilli() {
			s.t.Errorf("refused at %d", look.At)
		}
	})
	play(t, "no orders", func(s *scene) {
		s.looks(nil, outcome{})
		s.wantRequests(0)
	})
	for _, tc := range []struct {
		class Class
		fault http.HandlerFunc
	}{
		{Busy, retCode(7)},
		{Busy, status(429)},
		{Maintenance, retCode(5)},
		{Maintenance, status(503)},
		{Refused, retCode(6)},
		{Refused, status(404)},
	} {
		play(t, "back at once: "+string(tc.class), func(s *scene) {
			s.well()
			s.api.instead = always(tc.fault)
			s.looks(orders(10), outcome{class: tc.class, unanswered: orders(10)})
			s.wantRequests(2)
		})
	}
}

// TestLookFailing: an API that is down loses no order and gets no blame wrong.
func TestLookFailing(t *testing.T) {
	// One of each kind: TestExchangeFaults holds that the others are failing too.
	for name, fault := range map[string]http.HandlerFunc{"retCode 1": retCode(1), "HTTP 500": status(500), "a hang": hang} {
		play(t, "once: "+name, func(s *scene) {
			s.api.instead = func(n int, _ []string) http.HandlerFunc {
				if n < 3 {
					return fault
				}
				return nil
			}
			s.looks(orders(5), outcome{})
			s.wantRequests(3)
		})
		play(t, "for good, at startup: "+name, func(s *scene) {
			s.api.instead = always(fault)
			s.looks(orders(5), outcome{class: Failing, unanswered: orders(5)})
			s.wantRequests(6) // three attempts, three probes
			s.wantTrouble("")
		})
		play(t, "for good, after good answers: "+name, func(s *scene) {
			s.well()
			s.api.instead = always(fault)
			for _, ids := range [][]string{orders(5), orders(1)} {
				s.looks(ids, outcome{class: Failing, unanswered: ids})
			}
			s.wantRequests(1 + 6 + 4) // a lone order's only probe is the one seen before
		})
	}
}

// TestLookPoison: orders that spoil their batch are found, wherever they
// stand, whether or not anything was answered before.
func TestLookPoison(t *testing.T) {
	faults := map[string]http.HandlerFunc{"retCode 4": retCode(4), "HTTP 500": status(500), "a hang": hang}
	for name, fault := range faults {
		for _, tc := range []struct {
			name   string
			n      int
			poison []string
		}{
			{"the first of 2", 2, []string{"o000"}},
			{"the last of 7", 7, []string{"o006"}},
			{"several of 20", 20, []string{"o003", "o004", "o017"}},
			{"one of 500", 500, []string{"o123"}},
		} {
			for _, startup := range []bool{true, false} {
				play(t, fmt.Sprintf("%s, %s, at startup %v", name, tc.name, startup), func(s *scene) {
					if !startup {
						s.well()
					}
					s.api.instead = poisoned(fault, tc.poison...)
					ids := orders(tc.n)
					var look order.Look
					var err error
					// At startup the probes may all hit poison: the next look probes others.
					for range 50 {
						if look, err = s.look(ids...); err == nil {
							break
						}
					}
					if err != nil {
						s.t.Fatal(err)
					}
					s.wantLook(look, ids, outcome{rejected: tc.poison})
					s.wantTrouble("")
					for id, detail := range look.Rejected {
						if strings.Contains(detail, id) || strings.Contains(detail, "138001") || len(detail) > 100 {
							s.t.Errorf("detail %q", detail)
						}
					}
				})
			}
		}
	}
	play(t, "what halving costs", func(s *scene) {
		s.well()
		s.api.instead = poisoned(retCode(4), "o123")
		s.looks(orders(500), outcome{rejected: []string{"o123"}})
		// 9 halvings: a half that is good and one that isn't, each time.
		if n := len(s.api.asked); n > 1+1+2*9 {
			s.t.Errorf("%d requests", n)
		}
	})
	play(t, "a poison that turns up among missing orders", func(s *scene) {
		s.well()
		s.api.entry = knowsNothing
		s.api.instead = poisoned(retCode(3), "o001")
		s.looks(orders(4), outcome{rejected: []string{"o001"}, missing: []string{"o000", "o002", "o003"}})
	})
}

// TestLookLonePoison: an order that stands alone is to blame only while the API
// answers for another; the order seen before is asked for to know.
func TestLookLonePoison(t *testing.T) {
	const lone = "o000"
	for _, tc := range []struct {
		name     string
		before   string        // the order seen before; empty = none
		quiet    time.Duration // since then
		fault    http.HandlerFunc
		class    Class
		detail   string // of the rejection; empty = none
		requests int
		trouble  string
	}{
		{"rejected at startup", "", 0, retCode(4), Rejected, "", 1, RejectingEverything},
		{"rejected while others are answered", "well", 0, retCode(4), "", "rejected: retCode 4 (invalid value), responseID r-9", 2, ""},
		{"rejected after a quiet time", "well", time.Hour, retCode(4), "", "rejected: retCode 4 (invalid value), responseID r-9", 3, ""},
		{"failing while others are answered", "well", 0, status(500), "", "failing: HTTP 500", 5, ""},
		{"failing, and it cannot vouch against itself", lone, 0, status(500), Failing, "", 4, ""},
	} {
		play(t, tc.name, func(s *scene) {
			if tc.before != "" {
				s.looks([]string{tc.before}, outcome{})
			}
			time.Sleep(tc.quiet)
			s.api.instead = poisoned(tc.fault, lone)
			want := outcome{class: tc.class, unanswered: orders(1)}
			if tc.class == "" {
				want = outcome{rejected: orders(1)}
			}
			look := s.looks(orders(1), want)
			s.wantRequests(tc.requests)
			s.wantTrouble(tc.trouble)
			if got := look.Rejected[lone]; got != tc.detail {
				s.t.Errorf("detail %q, want %q", got, tc.detail)
			}
		})
	}
}

// TestLookPartly: what was learnt before the API went is kept.
func TestLookPartly(t *testing.T) {
	for name, tc := range map[string]struct {
		then  http.HandlerFunc
		class Class
	}{
		"busy": {retCode(7), Busy}, "maintenance": {status(503), Maintenance}, "refused": {retCode(6002), Refused}, "down": {status(500), Failing},
	} {
		play(t, name, func(s *scene) {
			s.well()
			s.api.instead = func(n int, ids []string) http.HandlerFunc {
				if n > 3 { // the good order, the batch, its first half
					return tc.then
				}
				return poisoned(retCode(4), "o009")(n, ids)
			}
			s.looks(orders(10), outcome{class: tc.class, unanswered: orders(10)[5:]})
		})
	}
	play(t, "given up", func(s *scene) {
		s.well()
		ctx, cancel := context.WithCancel(s.t.Context())
		s.api.instead = func(n int, ids []string) http.HandlerFunc {
			if n > 3 {
				cancel()
			}
			return poisoned(retCode(4), "o009")(n, ids)
		}
		look, err := s.client.Look(ctx, "t", orders(10))
		if !errors.Is(err, context.Canceled) {
			s.t.Errorf("got %v", err)
		}
		s.wantLook(look, orders(10), outcome{unanswered: orders(10)[5:]})
	})
	play(t, "given up while waiting", func(s *scene) {
		s.client.SetSlots(nil, 6)
		ctx, cancel := context.WithTimeout(s.t.Context(), time.Second)
		defer cancel()
		if wait := s.client.Ready(time.Now()); wait < time.Minute {
			s.t.Errorf("ready in %v without a share", wait)
		}
		if _, err := s.client.Look(ctx, "t", orders(1)); !errors.Is(err, context.DeadlineExceeded) {
			s.t.Errorf("got %v", err)
		}
		s.wantRequests(0)
	})
}

func TestAnsweringAndTrouble(t *testing.T) {
	play(t, "answering lasts a minute", func(s *scene) {
		if s.client.Answering(time.Now()) {
			s.t.Error("answering at startup")
		}
		s.well()
		for _, tc := range []struct {
			after time.Duration
			want  bool
		}{{0, true}, {time.Minute, true}, {time.Minute + 1, false}} {
			if got := s.client.Answering(time.Now().Add(tc.after)); got != tc.want {
				s.t.Errorf("after %v: %v", tc.after, got)
			}
		}
	})
	play(t, "nothing is ever found", func(s *scene) {
		s.api.entry = knowsNothing
		s.looks(orders(2), outcome{missing: orders(2)})
		s.wantTrouble(RejectingEverything)
		s.api.entry = knows
		s.well()
		s.wantTrouble("")
		s.api.entry = knowsNothing
		s.looks(orders(2), outcome{missing: orders(2)})
		s.wantTrouble("") // others were answered just now
	})
	play(t, "the account is refused, then let in", func(s *scene) {
		s.api.instead = always(retCode(6))
		for range 5 {
			s.looks(orders(2), outcome{class: Refused, unanswered: orders(2)})
			s.wantTrouble(AccountRefused)
		}
		s.wantOneError()
		if !strings.Contains(s.log.String(), "CALLBOT_SECRET_KEY") || strings.Contains(s.log.String(), testKey) {
			s.t.Errorf("the mend is missing or the key is there:\n%s", s.log)
		}
		s.api.instead = nil
		s.well()
		s.wantTrouble("")
		if !strings.Contains(s.log.String(), "answers again") {
			s.t.Error(s.log)
		}
	})
	play(t, "everything is rejected: loud once, and ever slower", func(s *scene) {
		s.api.instead = always(retCode(2))
		for range 8 {
			s.looks(orders(20), outcome{class: Rejected, unanswered: orders(20)})
		}
		s.wantTrouble(RejectingEverything)
		s.wantRequests(8 * 4)
		s.wantOneError()
		wantBetween(s.t, "pause", s.client.Ready(time.Now()), 22*time.Second, maxRefusedPause)
	})
}

// TestLookKeepsTheRate: no request of a look goes out of turn, with several
// looks at once and halving under way.
func TestLookKeepsTheRate(t *testing.T) {
	play(t, "4 looks, 2 a second", func(s *scene) {
		s.client.pacer = newPacer(2)
		s.api.instead = poisoned(retCode(4), "o003", "o011")
		s.well()
		done := make(chan error)
		for range 4 {
			go func() {
				_, err := s.look(orders(16)...)
				done <- err
			}()
		}
		for range 4 {
			if err := <-done; err != nil {
				s.t.Error(err)
			}
		}
		for i := 1; i < len(s.api.at); i++ {
			if gap := s.api.at[i].Sub(s.api.at[i-1]); gap < 499*time.Millisecond {
				s.t.Errorf("request %d came %v after the one before", i+1, gap)
			}
		}
	})
}
