package callbot

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestScout scouts once: how many requests it takes, with pages of which size,
// and how many orders are found.
func TestScout(t *testing.T) {
	good := func(total int) func(n, page, size int) http.HandlerFunc {
		return func(_, page, size int) http.HandlerFunc { return pageOf(page, size, total) }
	}
	atMost := func(most, total, code int) func(n, page, size int) http.HandlerFunc {
		return func(_, page, size int) http.HandlerFunc {
			if size > most {
				return retCode(code)
			}
			return pageOf(page, size, total)
		}
	}
	for _, tc := range []struct {
		name   string
		answer func(n, page, size int) http.HandlerFunc
		asked  string // pages and sizes
		found  int
		class  Class
	}{
		{"no calls", good(0), "1x500", 0, ""},
		{"some calls", good(7), "1x500", 7, ""},
		{"a full page", good(500), "1x500", 500, ""},
		{"two pages", good(501), "1x500 2x500", 501, ""},
		{"more than are taken", good(9000), "1x500 2x500 3x500 4x500", 2000, ""},
		{"smaller pages", atMost(250, 260, 4), "1x500 1x250 2x250", 260, ""},
		{"the sample's page", atMost(100, 90, 4001), "1x500 1x250 1x125 1x100", 90, ""},
		{"no size is right", atMost(0, 90, 3), "1x500 1x250 1x125 1x100", 0, Rejected},
		{"busy", func(_, _, _ int) http.HandlerFunc { return retCode(7) }, "1x500", 0, Busy},
		{"the second page is refused", func(n, page, size int) http.HandlerFunc {
			if n == 2 {
				return retCode(4)
			}
			return pageOf(page, size, 900)
		}, "1x500 2x500", 500, Rejected},
		{"the same page for ever", func(_, _, size int) http.HandlerFunc { return pageOf(1, size, 900) }, "1x500 2x500", 500, ""},
		{"more than was asked for", func(_, _, _ int) http.HandlerFunc { return pageOf(1, 5000, 5000) }, "1x500 2x500", 500, ""},
		{"orders in no call", func(_, _, _ int) http.HandlerFunc {
			return signed(200, `{"retCode":0,"l":[{"orderID":"a","callStatus":2},{"orderID":"b","callStatus":6},{"orderID":"c"},{"orderID":"d","callStatus":3},{"orderID":"d"}]}`)
		}, "1x500", 2, ""},
	} {
		playList(t, tc.name, tc.answer, func(s *scene, api *lists) {
			ids, err := s.client.Scout(s.t.Context(), "t")
			if (err != nil) != (tc.class != "") || err != nil && !isClass(err, tc.class) {
				s.t.Errorf("error %v, want %q", err, tc.class)
			}
			if len(ids) != tc.found || len(unique(ids)) != len(ids) {
				s.t.Errorf("%d found, %d of them different, want %d", len(ids), len(unique(ids)), tc.found)
			}
			if got := api.pages(); got != tc.asked {
				s.t.Errorf("asked %s, want %s", got, tc.asked)
			}
		})
	}
}

// pages are the pages and sizes asked for.
func (l *lists) pages() string {
	var pages []string
	for _, body := range l.asked {
		var q struct{ Page, Size int }
		_ = json.Unmarshal([]byte(body), &q)
		pages = append(pages, fmt.Sprintf("%dx%d", q.Page, q.Size))
	}
	return strings.Join(pages, " ")
}

// TestScoutAsks holds what is asked to docs/api.md.
func TestScoutAsks(t *testing.T) {
	playList(t, "asks", func(_, page, size int) http.HandlerFunc { return pageOf(page, size, 1) }, func(s *scene, api *lists) {
		_, _ = s.client.Scout(s.t.Context(), "t")
		const want = `{"productID":"callbot","userTaskID":"t","options":{"callStatus":[3,4,5],"finish":0},"page":1,"size":500}`
		if api.asked[0] != want {
			s.t.Errorf("asked\n%s, want\n%s", api.asked[0], want)
		}
	})
}

// TestScoutRemembersItsPage: the size that worked is the next scout's first.
func TestScoutRemembersItsPage(t *testing.T) {
	playList(t, "page", func(_, page, size int) http.HandlerFunc {
		if size > 300 {
			return retCode(4)
		}
		return pageOf(page, size, 3)
	}, func(s *scene, api *lists) {
		for range 2 {
			if ids, err := s.client.Scout(s.t.Context(), "t"); err != nil || len(ids) != 3 {
				s.t.Errorf("found %v, %v", ids, err)
			}
		}
		if got := api.pages(); got != "1x500 1x250 1x250" {
			s.t.Errorf("asked %s", got)
		}
	})
}

// TestScoutAvailable: how long nothing is scouted after so many failures in a
// row, and what the log says of it: once that it does not work, once that it
// works again.
func TestScoutAvailable(t *testing.T) {
	shape := signed(200, `{"retCode":0,"rows":{"a":{}}}`)
	for _, tc := range []struct {
		name     string
		fault    http.HandlerFunc
		failures int
		off      time.Duration
		warnings int
	}{
		{"not known", status(404), 1, time.Hour, 1},
		{"forbidden", retCode(6003), 3, time.Hour, 1},
		{"refused", retCode(4), 1, time.Hour, 1},
		{"another shape", shape, 1, 5 * time.Second, 0},
		{"another shape for long", shape, 20, time.Hour, 1},
		{"failing", status(500), 2, 10 * time.Second, 0},
		{"busy", retCode(7), 5, 0, 0},
		{"maintenance", retCode(5), 5, 0, 0},
	} {
		var good bool
		playList(t, tc.name, func(_, page, size int) http.HandlerFunc {
			if good {
				return pageOf(page, size, 1)
			}
			return tc.fault
		}, func(s *scene, _ *lists) {
			for range tc.failures {
				if _, err := s.client.Scout(s.t.Context(), "t"); err == nil {
					s.t.Error("no error")
				}
			}
			now := time.Now()
			if s.client.ScoutAvailable(now.Add(tc.off-time.Millisecond)) && tc.off > 0 || !s.client.ScoutAvailable(now.Add(tc.off)) {
				s.t.Errorf("not off for %v", tc.off)
			}
			s.looks([]string{"o1"}, outcome{})
			s.wantTrouble("")
			good = true
			for range 2 {
				if _, err := s.client.Scout(s.t.Context(), "t"); err != nil || !s.client.ScoutAvailable(now) {
					s.t.Errorf("it works again: %v", err)
				}
			}
			for text, want := range map[string]int{"does not work": tc.warnings, "CALLBOT_SCOUT=false": tc.warnings, "scouting for calls again": tc.warnings} {
				if got := strings.Count(s.log.String(), text); got != want {
					s.t.Errorf("the log says %q %d times, want %d:\n%s", text, got, want, s.log)
				}
			}
		})
	}
}
