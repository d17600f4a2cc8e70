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
		look, err := s.look(append(ids, ids...)...)
		if err != nil {
			s.t.Fatal(err)
		}
		s.wantLook(look, ids, nil, []string{"o001"}, nil)
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
	play(t, "no orders", func(s *scene) {
		if _, err := s.look(); err != nil {
			s.t.Error(err)
		}
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
			look, err := s.look(orders(10)...)
			s.wantClass(err, tc.class)
			s.wantLook(look, orders(10), nil, nil, orders(10))
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
			look, err := s.look(orders(5)...)
			if err != nil {
				s.t.Error(err)
			}
			s.wantLook(look, orders(5), nil, nil, nil)
			s.wantRequests(3)
		})
		play(t, "for good, at startup: "+name, func(s *scene) {
			s.api.instead = always(fault)
			look, err := s.look(orders(5)...)
			s.wantClass(err, Failing)
			s.wantLook(look, orders(5), nil, nil, orders(5))
			s.wantRequests(6) // three attempts, three probes
			s.wantTrouble("")
		})
		play(t, "for good, after good answers: "+name, func(s *scene) {
			s.well()
			s.api.instead = always(fault)
			for _, ids := range [][]string{orders(5), orders(1)} {
				look, err := s.look(ids...)
				s.wantClass(err, Failing)
				s.wantLook(look, ids, nil, nil, ids)
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
					s.wantLook(look, ids, tc.poison, nil, nil)
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
		if _, err := s.look(orders(500)...); err != nil {
			s.t.Error(err)
		}
		// 9 halvings: a half that is good and one that isn't, each time.
		if n := len(s.api.asked); n > 1+1+2*9 {
			s.t.Errorf("%d requests", n)
		}
	})
	play(t, "a poison that turns up among missing orders", func(s *scene) {
		s.well()
		s.api.entry = knowsNothing
		s.api.instead = poisoned(retCode(3), "o001")
		look, err := s.look(orders(4)...)
		if err != nil {
			s.t.Error(err)
		}
		s.wantLook(look, orders(4), []string{"o001"}, []string{"o000", "o002", "o003"}, nil)
	})
}

func TestLookLonePoison(t *testing.T) {
	play(t, "rejected at startup", func(s *scene) {
		s.api.instead = always(retCode(4))
		look, err := s.look("o000")
		s.wantClass(err, Rejected)
		s.wantLook(look, orders(1), nil, nil, orders(1))
		s.wantTrouble(RejectingEverything)
	})
	play(t, "rejected while others are answered", func(s *scene) {
		s.well()
		s.api.instead = poisoned(retCode(4), "o000")
		look, err := s.look("o000")
		if err != nil {
			s.t.Error(err)
		}
		s.wantLook(look, orders(1), orders(1), nil, nil)
		s.wantRequests(2)
		if got, want := look.Rejected["o000"], "rejected: retCode 4 (invalid value), responseID r-9"; got != want {
			s.t.Errorf("detail %q, want %q", got, want)
		}
	})
	play(t, "rejected after a quiet time", func(s *scene) {
		s.well()
		time.Sleep(time.Hour)
		s.api.instead = poisoned(retCode(4), "o000")
		look, err := s.look("o000")
		if err != nil {
			s.t.Error(err)
		}
		s.wantLook(look, orders(1), orders(1), nil, nil)
		s.wantRequests(3) // the order seen before vouches for the API
	})
	play(t, "failing while others are answered", func(s *scene) {
		s.well()
		s.api.instead = poisoned(status(500), "o000")
		look, err := s.look("o000")
		if err != nil {
			s.t.Error(err)
		}
		s.wantLook(look, orders(1), orders(1), nil, nil)
		s.wantRequests(5)
	})
	play(t, "failing, and it is the order seen last", func(s *scene) {
		if _, err := s.look("o000"); err != nil {
			s.t.Fatal(err)
		}
		s.api.instead = poisoned(status(500), "o000")
		look, err := s.look("o000")
		s.wantClass(err, Failing)
		s.wantLook(look, orders(1), nil, nil, orders(1))
		s.wantRequests(1 + 3) // it cannot vouch against itself
	})
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
			look, err := s.look(orders(10)...)
			s.wantClass(err, tc.class)
			s.wantLook(look, orders(10), nil, nil, orders(10)[5:])
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
		s.wantLook(look, orders(10), nil, nil, orders(10)[5:])
	})
	play(t, "given up while waiting", func(s *scene) {
		s.client.SetShare(0, 6)
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
		look, err := s.look(orders(2)...)
		if err != nil {
			s.t.Error(err)
		}
		s.wantLook(look, orders(2), nil, orders(2), nil)
		s.wantTrouble(RejectingEverything)
		s.api.entry = knows
		s.well()
		s.wantTrouble("")
		s.api.entry = knowsNothing
		if _, err := s.look(orders(2)...); err != nil {
			s.t.Error(err)
		}
		s.wantTrouble("") // others were answered just now
	})
	play(t, "the account is refused, then let in", func(s *scene) {
		s.api.instead = always(retCode(6))
		for range 5 {
			_, err := s.look(orders(2)...)
			s.wantClass(err, Refused)
			s.wantTrouble(AccountRefused)
		}
		if n := strings.Count(s.log.String(), "level=ERROR"); n != 1 {
			s.t.Errorf("%d errors logged:\n%s", n, s.log)
		}
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
			look, err := s.look(orders(20)...)
			s.wantClass(err, Rejected)
			s.wantLook(look, orders(20), nil, nil, orders(20))
		}
		s.wantTrouble(RejectingEverything)
		s.wantRequests(8 * 4)
		if n := strings.Count(s.log.String(), "level=ERROR"); n != 1 {
			s.t.Errorf("%d errors logged:\n%s", n, s.log)
		}
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
