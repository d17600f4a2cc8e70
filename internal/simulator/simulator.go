package simulator

import (
	"cmp"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Config says what is simulated. The zero Config is a lifelike API without
// faults that accepts every account with an empty secret key.
type Config struct {
	// Seed decides all stories and faults.
	Seed uint64
	// UUID is the one account there is; empty accepts any.
	UUID string
	// SecretKey is what requests must be signed with and answers are.
	SecretKey string
	// Start is when all stories begin. Zero: each when it is first asked for.
	Start time.Time
	// Speed is how much faster than life stories run. 0 = 1 = lifelike.
	Speed float64
	// Finished is the share of orders, 0 to 1, that are over when first asked for.
	Finished float64
	// Answered is the chance, 0 to 1, that a call is answered. 0 = 0.4, which
	// leaves about four in ten orders unanswered after all their calls.
	Answered float64
	// Lines is the mean number of transcript lines of an answered call. 0 = 14.
	Lines int
	// Latency is added to every answer.
	Latency time.Duration
	// RateLimit is the requests a second above which the answer is 7 (system
	// busy), with a burst of one second's worth, at least one. 0 = no limit.
	RateLimit float64
	// Callbacks is the URL that Server.Run sends callbacks to, signed as UUID:
	// of each call that ends, and each order that does, of those asked for.
	// Empty = none are sent.
	Callbacks string
	// Campaign is lived in place of a story an order. nil = stories. Its
	// truth has no end that is known: see CampaignTruth.
	Campaign *Campaign
	// Now is the clock. nil = time.Now.
	Now func() time.Time
	// Log receives one debug line a request. nil discards.
	Log *slog.Logger
}

const (
	// defaultLines is what the project's load tests call an ordinary answered call.
	defaultLines = 14
	// defaultAnswered is what cold outbound calls may hope for.
	defaultAnswered = 0.4
)

// Simulator is the simulated API, an http.Handler. Its methods may be called
// concurrently.
type Simulator struct {
	config  Config
	buffers sync.Pool // *[]byte, answers under construction
	zippers sync.Pool // *gzip.Writer
	mux     *http.ServeMux
	limit   *rate.Limiter // nil = no limit
	roster  roster        // what listOrder names
	// campaign is what is lived in place of stories; nil = none.
	campaign *campaign

	mu     sync.Mutex // guards all below
	faults Faults
	dice   *rand.Rand
	orders map[ref]*record
	stats  tally
	caller caller
}

// ref names an order.
type ref struct{ task, order string }

// record is what the simulator remembers of an order it was asked for.
type record struct {
	start      time.Time // when its story began
	firstShown int64     // Unix milliseconds; 0 = never shown
	version    int       // the furthest shown; -1 = none
	shown      []Shown
}

// New returns a simulator that starts nothing: serve it with Listen and Run, or
// mount it.
func New(c Config) *Simulator {
	c.Speed = cmp.Or(max(c.Speed, 0), 1)
	c.Lines = cmp.Or(max(c.Lines, 0), defaultLines)
	c.Answered = cmp.Or(max(c.Answered, 0), defaultAnswered)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Simulator{
		config: c,
		dice:   rand.New(rand.NewPCG(c.Seed, 0)),
		orders: map[ref]*record{},
		stats:  tally{answers: map[string]int{}},
		caller: newCaller(c.Seed),
	}
	if c.RateLimit > 0 {
		s.limit = rate.NewLimiter(rate.Limit(c.RateLimit), max(1, int(c.RateLimit)))
	}
	if c.Campaign != nil {
		s.campaign = newCampaign(&c)
		s.config.Speed = 1 // its moments are wall time already
	}
	s.buffers.New = func() any { return new([]byte) }
	s.zippers.New = newZipper
	s.roster = s.askedFor
	if s.campaign != nil {
		s.roster = s.dialed
	}
	s.mux = s.routes()
	return s
}

// ServeHTTP serves the API's listOrderDetail and listOrder, and the control paths below /sim/.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// tell returns an order's story, the same one each time. Telling one again costs
// less than keeping it would: some 5 µs, measured with 14 lines.
func (s *Simulator) tell(r ref) *story {
	return newStory(s.config.Seed, r, s.config.Answered, s.config.Lines)
}

// stories tells what the orders of a task live through.
func (s *Simulator) stories(task string, orders []string, now time.Time) []*story {
	if s.campaign != nil {
		return s.campaign.stories(task, orders, now)
	}
	stories := make([]*story, len(orders))
	for i, o := range orders {
		stories[i] = s.tell(ref{task, o})
	}
	return stories
}

// anchor sets when the order of a copied record began. In a campaign it may have
// been asked for before there was a start to count from.
func (s *Simulator) anchor(copied *record, now time.Time) {
	if s.campaign != nil {
		copied.start = s.campaign.origin(now)
	}
}

// startOf says when a story begins that is first asked for at asked.
func (s *Simulator) startOf(st *story, asked time.Time) time.Time {
	begin := asked
	if !s.config.Start.IsZero() {
		begin = s.config.Start
	}
	if st.luck < s.config.Finished {
		begin = begin.Add(-s.lifeTime(st.end()) - st.age)
	}
	return begin
}

// lifeTime is how long a stretch of story takes.
func (s *Simulator) lifeTime(d time.Duration) time.Duration {
	return time.Duration(float64(d) / s.config.Speed)
}

// versionAt is the version the API shows of a story at a moment; -1 = none yet.
func (s *Simulator) versionAt(st *story, rec *record, now time.Time) int {
	elapsed := time.Duration(float64(now.Sub(rec.start)) * s.config.Speed)
	return max(st.versionAt(elapsed), rec.version)
}

// epoch is the Unix milliseconds that a story's timestamps count from. Where
// stories run fast that is before the story began: at speed 100 a call of a minute
// takes 0.6 s, but shows a minute between its timestamps. Counted from the
// beginning its end would lie in the future, so all are moved back until the
// story's last moment is its last timestamp.
func (s *Simulator) epoch(st *story, rec *record) int64 {
	return rec.start.UnixMilli() - max(0, st.end()-s.lifeTime(st.end())).Milliseconds()
}
