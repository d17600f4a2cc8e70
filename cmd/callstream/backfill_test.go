package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"callstream/internal/callbot"
	"callstream/internal/order"
	"callstream/internal/simulator"
)

// TestRequestAllFlags: what goes together with --all, and what does not.
func TestRequestAllFlags(t *testing.T) {
	for _, tt := range []struct {
		name, args, want string
	}{
		{"no task", "--all", "--task is empty: --all wants the orders of one"},
		{"orders too", "--all --task t o1", "give either --all or order IDs"},
		{"a file too", "--all --task t --csv f", "give either --all or order IDs"},
		{"page 0", "--all --task t --from-page 0", "--from-page and --page-size must be 1 or more"},
		{"pages of none", "--all --task t --page-size 0", "--from-page and --page-size must be 1 or more"},
		{"no rate", "--all --task t --rate 0", "--rate must be over 0"},
		{"a rate that is none", "--all --task t --rate NaN", "--rate must be over 0"},
		{"a mode", "--all --task t --mode x", `--mode "x" is none of`},
		{"a page of what is given", "--task t --from-page 3 o1", "--from-page is for --all"},
		{"a rate for what is given", "--task t --rate 3 o1", "--rate is for --all"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := newRoot()
			cmd.SetArgs(append([]string{"request"}, strings.Fields(tt.args)...))
			err := cmd.ExecuteContext(t.Context())
			var usage usageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// TestRequestAllGoesOn: the command that is printed means what was asked for.
func TestRequestAllGoesOn(t *testing.T) {
	o := requestOptions{task: "it's 1", mode: "once", deadline: "2026-12-31T18:00:00Z", allOptions: allOptions{pageSize: 50, rate: 0.25}}
	const want = `callstream request --all --task 'it'\''s 1' --mode once --deadline 2026-12-31T18:00:00Z --rate 0.25 --page-size 50 --from-page 7`
	if got := o.command(7); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// pages is the API as a list of pages: what it answers to the n-th request for a page.
type pages func(n, page int) (callbot.ListPage, error)

// from are size orders from the one with a number on.
func from(first, size, total int) callbot.ListPage {
	p := callbot.ListPage{Total: total, Entries: size}
	for i := range size {
		p.Orders = append(p.Orders, callbot.Listed{ID: fmt.Sprint("o", first+i)})
	}
	return p
}

// TestBackfill goes through pages of 10 orders, and counts what was sent.
func TestBackfill(t *testing.T) {
	// of answers with the pages of so many orders, size at most, and says how
	// many there are in all, -1 = not.
	of := func(orders, size, total int) pages {
		return func(_, page int) (callbot.ListPage, error) {
			first := (page - 1) * size
			return from(first, max(0, min(size, orders-first)), total), nil
		}
	}
	busy, gone := &callbot.Error{Class: callbot.Busy}, &callbot.Error{Class: callbot.Refused, HTTPStatus: 404}
	for _, tt := range []struct {
		name  string
		pages pages
		first int
		asked string // pages
		sent  int
		wrong string
	}{
		{name: "no orders", pages: of(0, 10, 0), asked: "1"},
		{name: "a part of a page", pages: of(7, 10, 7), asked: "1", sent: 7},
		{name: "some pages", pages: of(25, 10, 25), asked: "1 2 3", sent: 25},
		{name: "full pages, counted", pages: of(20, 10, 20), asked: "1 2", sent: 20},
		{name: "full pages, not counted", pages: of(20, 10, -1), asked: "1 2 3", sent: 20},
		{name: "not counted", pages: of(25, 10, -1), asked: "1 2 3", sent: 25},
		{name: "one full page", pages: of(10, 10, 10), asked: "1 2", sent: 10},
		{name: "the count is each page's", pages: func(_, page int) (callbot.ListPage, error) {
			p, err := of(25, 10, 0)(0, page)
			p.Total = p.Entries
			return p, err
		}, asked: "1 2 3", sent: 25},
		{name: "the API gives smaller pages", pages: of(13, 4, 13), asked: "1 2 3 4", sent: 13},
		{name: "going on with smaller pages", pages: of(25, 4, 25), first: 3, asked: "3 4 5 6 7", sent: 17},
		{name: "it counts more than it shows", pages: of(25, 10, 99), asked: "1 2 3 4", sent: 25},
		{name: "it counts and shows none", pages: of(0, 10, 99), asked: "1", wrong: "page 1: the API counts 99 orders and shows none; nothing was sent"},
		{name: "going on", pages: of(25, 10, 25), first: 3, asked: "3 4", sent: 5},
		{name: "going on after the end", pages: of(25, 10, 25), first: 9, asked: "9"},
		{name: "entries left out", pages: func(_, page int) (callbot.ListPage, error) {
			p, err := of(25, 10, -1)(0, page)
			p.Orders = p.Orders[1:]
			return p, err
		}, asked: "1 2 3", sent: 22},
		{name: "pages shift", pages: func(_, page int) (callbot.ListPage, error) {
			return from(max(0, (page-1)*10-3*(page-1)), min(10, 24-(page-1)*7), -1), nil
		}, asked: "1 2 3 4", sent: 24},
		{name: "the same page for ever", pages: func(_, _ int) (callbot.ListPage, error) { return from(0, 10, 500), nil }, asked: "1 2", sent: 10,
			wrong: "page 2: it shows no order that the pages before did not"},
		{name: "busy at times", pages: func(n, page int) (callbot.ListPage, error) {
			if n%3 == 1 {
				return callbot.ListPage{}, busy
			}
			return of(25, 10, 25)(n, page)
		}, asked: "1 1 2 3 3", sent: 25},
		{name: "busy for long", pages: func(_, _ int) (callbot.ListPage, error) { return callbot.ListPage{}, busy }, asked: "1 1 1 1 1 1 1",
			wrong: "page 1: callbot: busy; nothing was sent"},
		{name: "an unknown shape", pages: func(_, _ int) (callbot.ListPage, error) {
			return callbot.ListPage{}, &callbot.Error{Class: callbot.Failing, Err: callbot.ErrNoList}
		}, asked: "1", wrong: "page 1: callbot: failing: the answer has no list"},
		{name: "not known", pages: func(_, page int) (callbot.ListPage, error) {
			if page == 3 {
				return callbot.ListPage{}, gone
			}
			return of(99, 10, 99)(0, page)
		}, asked: "1 2 3", sent: 20, wrong: "HTTP 404; check CALLBOT_BASE_URL; 20 orders are sent; go on with\n  again from 3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			sent := map[string]int{}
			f := backfill{
				page: max(tt.first, 1), size: 10, out: new(strings.Builder), common: order.Request{Task: "t", Mode: order.LookOnce},
				list: func(_ context.Context, q callbot.ListQuery) (callbot.ListPage, error) {
					asked = append(asked, fmt.Sprint(q.Page))
					if q.Task != "t" || q.Size != 10 || len(q.Statuses) > 0 || q.Unfinished {
						t.Errorf("asked %+v", q)
					}
					return tt.pages(len(asked), q.Page)
				},
				put: func(_ context.Context, requests []order.Request) error {
					for _, r := range requests {
						if r.Task != "t" || r.Mode != order.LookOnce || len(r.Orders) != 1 {
							t.Errorf("sent %+v", r)
						}
						sent[r.Orders[0]]++
					}
					return nil
				},
				again: func(page int) string { return fmt.Sprint("again from ", page) },
			}
			err := f.run(t.Context())
			if (err != nil) != (tt.wrong != "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("error %v, want %q", err, tt.wrong)
			}
			if got := strings.Join(asked, " "); got != tt.asked {
				t.Errorf("asked for %s, want %s", got, tt.asked)
			}
			if len(sent) != tt.sent {
				t.Errorf("sent %d orders, want %d", len(sent), tt.sent)
			}
			for id, n := range sent {
				if n != 1 {
					t.Errorf("%s is sent %d times", id, n)
				}
			}
		})
	}
}

// TestBackfillSendsBeforeItTurns: what could not be sent is of the page to go on
// from.
func TestBackfillSendsBeforeItTurns(t *testing.T) {
	failed := errors.New("Kafka is away")
	f := backfill{
		page: 1, size: 10, out: new(strings.Builder), again: func(page int) string { return fmt.Sprint("again from ", page) },
		list: func(_ context.Context, q callbot.ListQuery) (callbot.ListPage, error) {
			return from(10*q.Page, 10, 500), nil
		},
		put: func(_ context.Context, requests []order.Request) error {
			if requests[0].Orders[0] == "o30" {
				return failed
			}
			return nil
		},
	}
	err := f.run(t.Context())
	if !errors.Is(err, failed) || !strings.Contains(err.Error(), "page 3: Kafka is away; 20 orders are sent; go on with\n  again from 3") {
		t.Errorf("got %v", err)
	}
}

// TestRequestAll lets the program put every order of a task on the topic, at
// its rate, is interrupted, and goes on by the command that it printed.
func TestRequestAll(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Config{Seed: 12, Speed: lifeSpeed})
	ids := names("live-", 60)
	client := callbot.New(callbot.Config{BaseURL: l.env["CALLBOT_BASE_URL"], UUID: "account", SecretKey: func() string { return "key" }, RateLimit: 200})
	defer client.Close()
	if _, err := client.Look(t.Context(), testTask, ids); err != nil { // so that the API knows them
		t.Fatal(err)
	}
	p := l.start(nil, "request", "--all", "--task", testTask, "--mode", "once", "--page-size", "10", "--rate", "2")
	eventually(t, "a second page", func() bool {
		return strings.Contains(p.log(), "page 2: 10 orders, 20 sent so far; the API counts 60\n")
	})
	if code := p.end(t, syscall.SIGINT); code != exitFailed {
		t.Errorf("exit code %d after SIGINT", code)
	}
	printed := regexp.MustCompile(`interrupted; \d+ orders are sent; go on with
  callstream request --all --task 'task/1 ü' --mode once --rate 2 --page-size 10 --from-page (\d)
`).FindStringSubmatch(p.log())
	if len(printed) == 0 {
		t.Fatalf("printed %s", p.log())
	}
	p = l.start(nil, "request", "--all", "--task", testTask, "--mode", "once", "--page-size", "10", "--from-page", printed[1])
	if err := p.Wait(); err != nil {
		t.Fatalf("%v: %s", err, p.log())
	}
	if !strings.Contains(p.log(), "page 6: 10 orders, ") || !strings.Contains(p.log(), " requests to callbot.order-requests\n") {
		t.Errorf("printed %s", p.log())
	}
	exporter := l.start(nil, "run")
	l.until("asked for each", func() bool { return len(l.states) == len(ids) })
	if code := exporter.end(t, os.Interrupt); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	for name, tt := range map[string]struct {
		env  map[string]string
		args []string
		want string
	}{
		"no account": {map[string]string{"CALLBOT_UUID": ""}, nil, "CALLBOT_UUID: is required"},
		"too fast":   {map[string]string{"CALLBOT_RATE_LIMIT": "1"}, []string{"--rate", "2"}, "--rate 2 is over CALLBOT_RATE_LIMIT (1)"},
	} {
		p := l.start(tt.env, append([]string{"request", "--all", "--task", testTask}, tt.args...)...)
		if err := p.Wait(); p.ProcessState.ExitCode() != exitUsage || !strings.Contains(p.log(), tt.want) {
			t.Errorf("%s: %v: %s", name, err, p.log())
		}
	}
}
