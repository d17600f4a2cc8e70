package main

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"

	"callstream/internal/callbot"
	"callstream/internal/config"
	"callstream/internal/order"
	"callstream/internal/request"
)

// allOptions are the flags of `callstream request --all`.
type allOptions struct {
	all            bool
	page, pageSize int
	rate           float64
}

// samplePage is the size of a page in the vendor's sample: the one that is sure
// to work (docs/api.md#listorder).
const samplePage = 100

// checkAll complains of flags that do not go together.
func (o *requestOptions) checkAll(args []string, given func(flag string) bool) error {
	if !o.all {
		for _, flag := range []string{"from-page", "page-size", "rate"} {
			if given(flag) {
				return fmt.Errorf("--%s is for --all", flag)
			}
		}
		return nil
	}
	switch err := request.CheckID(o.task); {
	case o.csv != "" || len(args) > 0:
		return errors.New("give either --all or order IDs")
	case err != nil:
		return fmt.Errorf("--task %w: --all wants the orders of one", err)
	case o.page < 1 || o.pageSize < 1:
		return errors.New("--from-page and --page-size must be 1 or more")
	case given("rate") && !(o.rate > 0):
		return errors.New("--rate must be over 0")
	}
	_, err := o.common()
	return err
}

// requestAll puts every order of a task on the request topic.
func (o *requestOptions) requestAll(ctx context.Context, cfg *config.Config, out io.Writer) error {
	common, err := o.common()
	if err != nil {
		return err
	}
	limit := cfg.Callbot.RateLimit
	if o.rate > limit {
		return usageError{fmt.Errorf("--rate %v is over CALLBOT_RATE_LIMIT (%v), which is for all that asks with the account", o.rate, limit)}
	}
	log := cfg.Logger(os.Stderr)
	b, err := openBroker(ctx, cfg, log, nil)
	if err != nil {
		return err
	}
	defer closeBroker(b, log)
	if err := b.Prepare(ctx); err != nil {
		return err
	}
	api := callbotConfig(cfg, log)
	if api.RateLimit = o.rate; o.rate == 0 {
		api.RateLimit = limit / 2
	}
	client := callbot.New(api)
	defer client.Close()
	f := &backfill{
		list: client.List, common: common, page: o.page, size: o.pageSize, out: out, again: o.command,
		put: func(ctx context.Context, requests []order.Request) error {
			return writeRequests(ctx, b, cfg.Topics.Requests, requests)
		},
	}
	f.common.Task = o.task
	if err := f.run(ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "sent %d requests to %s\n", len(f.sent), cfg.Topics.Requests)
	return err
}

// command is the command that goes on from a page.
func (o *requestOptions) command(page int) string {
	words := []string{"callstream", "request", "--all", "--task", o.task, "--mode", o.mode}
	for _, flag := range []struct{ name, value string }{{"--not-before", o.notBefore}, {"--deadline", o.deadline}} {
		if flag.value != "" {
			words = append(words, flag.name, flag.value)
		}
	}
	if o.rate != 0 {
		words = append(words, "--rate", strconv.FormatFloat(o.rate, 'g', -1, 64))
	}
	words = append(words, "--page-size", strconv.Itoa(o.pageSize), "--from-page", strconv.Itoa(page))
	for i, word := range words {
		if !plainWord.MatchString(word) {
			words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// plainWord is what a shell takes as it is.
var plainWord = regexp.MustCompile(`^[a-zA-Z0-9_./:@%+=,-]+$`)

// backfill asks page by page which orders a task has, and puts each on the
// request topic before it turns the page. So whatever ends it, going on from the
// page that it was at leaves out nothing.
//
// Pages may shift while it runs, and the API's word for how many orders there are
// may be wrong: it ends where there is no more to see, and an order that comes
// twice is sent once.
type backfill struct {
	list   func(context.Context, callbot.ListQuery) (callbot.ListPage, error)
	put    func(context.Context, []order.Request) error
	common order.Request // what is asked of every order
	page   int           // the next one
	size   int           // orders a page
	out    io.Writer
	again  func(page int) string // the command that goes on from a page

	seed    maphash.Seed
	sent    map[uint64]bool // hashes of their IDs: a task may have millions
	longest int             // most entries of a page: the API may give less than is asked for
	gone    int             // entries of the pages since the first one asked for
	first   int             // that page
}

// run goes through the pages. Its error names the command to go on with.
func (f *backfill) run(ctx context.Context) error {
	f.seed, f.sent, f.first = maphash.MakeSeed(), map[uint64]bool{}, f.page
	for {
		last, err := f.turn(ctx)
		switch {
		case err == nil && last:
			return nil
		case err == nil:
			f.page++
			continue
		case ctx.Err() != nil:
			err = errors.New("interrupted")
		}
		if len(f.sent) == 0 {
			return fmt.Errorf("page %d: %w; nothing was sent", f.page, err)
		}
		return fmt.Errorf("page %d: %w; %d orders are sent; go on with\n  %s", f.page, err, len(f.sent), f.again(f.page))
	}
}

// turn sends the orders of a page, and reports whether it was the last.
func (f *backfill) turn(ctx context.Context) (last bool, err error) {
	p, err := f.ask(ctx)
	if err != nil {
		return false, err
	}
	f.gone += p.Entries
	f.longest = max(f.longest, p.Entries)
	fresh := f.fresh(p.Orders)
	if err := f.put(ctx, fresh); err != nil {
		return false, err
	}
	for _, r := range fresh {
		f.sent[f.hash(r.Orders[0])] = true
	}
	f.tell(p)
	switch {
	case p.Entries == 0 && p.Total > 0 && f.gone == 0 && f.page == 1:
		return false, fmt.Errorf("the API counts %d orders and shows none", p.Total)
	case f.over(p):
		return true, nil
	case len(fresh) == 0:
		return false, errors.New("it shows no order that the pages before did not: the API may answer every page alike")
	}
	return false, nil
}

// askTries is how often a page is asked for while the API is busy or failing. The
// pacer's pauses between them grow to 10 s, so this takes half a minute.
const askTries = 7

// ask asks for the page.
func (f *backfill) ask(ctx context.Context) (p callbot.ListPage, err error) {
	for range askTries {
		p, err = f.list(ctx, callbot.ListQuery{Task: f.common.Task, Page: f.page, Size: f.size})
		failure, ok := errors.AsType[*callbot.Error](err)
		if !ok || failure.Class == callbot.Rejected || failure.Class == callbot.Refused || callbot.Unsupported(err) || errors.Is(err, callbot.ErrNoList) {
			break
		}
		fmt.Fprintf(f.out, "page %d: %v\n", f.page, err)
	}
	return p, err
}

// fresh makes requests of the orders that are not sent yet.
func (f *backfill) fresh(orders []callbot.Listed) []order.Request {
	var requests []order.Request
	had := map[string]bool{}
	for _, o := range orders {
		if !had[o.ID] && !f.sent[f.hash(o.ID)] {
			had[o.ID] = true
			r := f.common
			r.Orders = []string{o.ID}
			requests = append(requests, r)
		}
	}
	return requests
}

func (f *backfill) hash(id string) uint64 { return maphash.String(f.seed, id) }

// over reports whether the page p was the last. A count of more than a page
// tells; a smaller one may be that of the page alone. Else a page that is not
// full is the last.
func (f *backfill) over(p callbot.ListPage) bool {
	if p.Total > f.size && p.Entries > 0 {
		passed := (f.first-1)*f.longest + f.gone
		return passed >= p.Total
	}
	return p.Entries < f.size
}

func (f *backfill) tell(p callbot.ListPage) {
	of := ""
	if p.Total >= 0 {
		of = fmt.Sprintf("; the API counts %d", p.Total)
	}
	fmt.Fprintf(f.out, "page %d: %d orders, %d sent so far%s\n", f.page, p.Entries, len(f.sent), of)
}
