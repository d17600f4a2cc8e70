package callbot

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/time/rate"
)

const (
	apiPath = "/callcentre/api/v3/" // docs/api.md#the-request
	product = "callbot"             // docs/api.md#the-request

	// maxAnswer bounds an answer after decompression, in bytes. 500 orders of
	// 20 lines are 3 MB; this leaves each of 500 orders 130 kB, and four
	// requests at a time stay under 1 GB with their copies.
	maxAnswer = 64 << 20
	// maxHeaders bounds an answer's headers, in bytes; the API sends well
	// under one kilobyte.
	maxHeaders = 64 << 10
	// maxKeptBuffer is the largest buffer kept for the next answer, in bytes.
	maxKeptBuffer = 8 << 20
	// warnEvery is how often what goes on and on is logged at most.
	warnEvery = time.Minute
)

// The calls of the API, by the last part of their path. They are labels of
// metrics too.
const (
	ListOrderDetail = "listOrderDetail" // the truth about orders: see Look
	ListOrder       = "listOrder"       // which orders there are: see List
)

// The ways to deal with an answer's signature.
const (
	VerifyOff    = "off"    // not looked at
	VerifyWarn   = "warn"   // counted and now and then logged
	VerifyStrict = "strict" // the answer counts as broken
)

// Config says where the API is and how it may be used. All values are checked
// by whoever reads them.
type Config struct {
	BaseURL     string            // scheme and host, with or without a path before the API's own
	UUID        string            // the account
	SecretKey   func() string     // the account's key as it is now; asked for each request; nil = none
	Algorithm   string            // MD5 or SHA256; empty means MD5
	Timeout     time.Duration     // of one request, from connecting to the last byte; 0 = none
	Verify      string            // VerifyOff, VerifyWarn or VerifyStrict; empty means off
	Concurrency int               // connections kept open for reuse
	RateLimit   float64           // requests a second for the whole group; see SetSlots
	HashSeed    uint64            // of Sighting.Hash
	Now         func() time.Time  // moments of answers, Look.At, are read from it; nil = time.Now
	HTTP        http.RoundTripper // nil = a transport of the client's own
	Log         *slog.Logger      // nil = no log
	Observer    Observer          // nil = none
}

// Observer is told what happens, for metrics. Its methods are called by many
// goroutines at a time.
type Observer interface {
	// Request is called after each request: call is ListOrderDetail or
	// ListOrder; class is "ok", "canceled" or a Class; retCode is 0 where there
	// is none; asked is the number of orders, 0 for ListOrder.
	Request(call, class string, retCode, asked int, took time.Duration)
	// Dropped is called for entries of an answer that are left out: why is
	// DroppedNotAsked or DroppedUnreadable.
	Dropped(why string, n int)
	// Signature is called for each answer's signature looked at.
	Signature(ok bool)
}

type silent struct{}

func (silent) Request(string, string, int, int, time.Duration) {}
func (silent) Dropped(string, int)                             {}
func (silent) Signature(bool)                                  {}

// Client asks the Callbot API for orders. It is safe for concurrent use.
type Client struct {
	cfg      Config
	http     *http.Client
	pacer    *pacer
	standing standing
	scouting scouting
	bodies   sync.Pool // of *bytes.Buffer

	maxAnswer int64 // as the constant; less in tests, where 64 MiB take seconds

	wrongSigns   atomic.Int64 // not yet logged
	signWarnings rate.Sometimes
	taskWarnings rate.Sometimes
}

// New returns a client. Until SetSlots it has the whole rate limit.
func New(cfg Config) *Client {
	if cfg.SecretKey == nil {
		cfg.SecretKey = func() string { return "" }
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Observer == nil {
		cfg.Observer = silent{}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true, // read here, where it can be bounded
			MaxIdleConns:           cfg.Concurrency,
			MaxIdleConnsPerHost:    cfg.Concurrency,
			IdleConnTimeout:        90 * time.Second, // as net/http's default transport
			MaxResponseHeaderBytes: maxHeaders,
		}
	}
	return &Client{
		cfg: cfg,
		http: &http.Client{
			Transport: cfg.HTTP,
			// A redirected POST would lose its body or go, signed, to who knows whom.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		pacer:    newPacer(cfg.RateLimit),
		standing: standing{log: cfg.Log},
		scouting: scouting{log: cfg.Log},
		bodies:   sync.Pool{New: func() any { return new(bytes.Buffer) }},

		maxAnswer: maxAnswer,

		signWarnings: rate.Sometimes{Interval: warnEvery},
		taskWarnings: rate.Sometimes{Interval: warnEvery},
	}
}

// Close closes the connections that are kept open. Requests on their way go on.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// SetSlots tells the client which of the group's total partitions this instance
// owns, and with them which moments are its own: wall time is cut into slots of
// one request each (of a few, above 200 requests a second), slot k belongs to
// partition k mod total, and no request goes but in an own slot. So the whole
// group keeps to the rate limit, also while partitions move, as long as an owner
// gives up its slots, by owning none, before another takes them, and the clocks
// of the instances agree.
func (c *Client) SetSlots(owned []int, total int) { c.pacer.SetSlots(owned, total) }

// Pace returns how many requests a second may go at present, on average over
// this instance's slots, which is none in a pause; and how many its slots have
// allowed so far, sent or not.
func (c *Client) Pace() (perSecond float64, allowed int64) { return c.pacer.Pace(time.Now()) }

// Ready returns how long from now until one more request could go, those that
// wait already going first; 0 = at once. It takes no turn.
func (c *Client) Ready(now time.Time) time.Duration { return c.pacer.Ready(now) }

// Turn takes the turn of one request where it may go now, else returns how long
// until one may. The next Look or Scout uses it, and there must be one: so the
// caller can choose what to ask at the last moment, and ask it at once.
func (c *Client) Turn(now time.Time) time.Duration { return c.pacer.Turn(now) }

// question is one call of the API.
type question struct {
	call string // ListOrderDetail or ListOrder
	body any    // as JSON, what is asked
	read func(answer string) (envelope, error)
}

// exchange sends one request and reads its answer. The error is an *Error, or
// the context's.
func (c *Client) exchange(ctx context.Context, q question) (envelope, error) {
	bounded := ctx
	if c.cfg.Timeout > 0 {
		var cancel context.CancelFunc
		bounded, cancel = context.WithTimeout(ctx, c.cfg.Timeout)
		defer cancel()
	}
	key := c.cfg.SecretKey()
	request, stamp, err := c.newRequest(bounded, q, key)
	if err != nil {
		return envelope{}, &Error{Class: Refused, Detail: "no request can be made", Err: withoutURL(err)}
	}
	response, err := c.http.Do(request)
	if err != nil {
		return envelope{}, c.unanswered(ctx, err)
	}
	defer response.Body.Close()

	buf := c.bodies.Get().(*bytes.Buffer)
	defer c.keep(buf)
	readErr := readBody(response, buf, c.maxAnswer)
	if ctx.Err() != nil {
		return envelope{}, fmt.Errorf("ask the Callbot API: %w", ctx.Err())
	}
	return c.interpret(response, signer{stamp, key}, buf.Bytes(), readErr, q.read)
}

// newRequest makes a signed request; what is signed are the very bytes sent.
func (c *Client) newRequest(ctx context.Context, q question, key string) (*http.Request, stamp, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // plain text, as the vendor's own samples have it
	if err := encoder.Encode(q.body); err != nil {
		return nil, stamp{}, err
	}
	body.Truncate(body.Len() - 1) // the encoder's newline
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails: see crypto/rand
	s := stamp{
		algorithm: cmp.Or(c.cfg.Algorithm, MD5),
		createTs:  strconv.FormatInt(time.Now().Unix(), 10),
		requestID: hex.EncodeToString(id[:]),
		uuid:      c.cfg.UUID,
	}
	signature, ok := s.sign(key, body.Bytes())
	if !ok {
		return nil, s, errors.New("CALLBOT_ALGORITHM is neither MD5 nor SHA256")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(c.cfg.BaseURL, "/")+apiPath+q.call, &body)
	if err != nil {
		return nil, s, err
	}
	// Set by hand, the names go out as the vendor spells them.
	request.Header = http.Header{
		"Content-Type":    {"application/json"},
		"Accept-Encoding": {"gzip"},
		"User-Agent":      {"callstream"},
		headerRequestID:   {s.requestID},
		headerUUID:        {s.uuid},
		headerCreateTs:    {s.createTs},
		headerSign:        {signature},
		headerAlgorithm:   {s.algorithm},
	}
	return request, s, nil
}

// unanswered words the failure of a request that got no answer.
func (c *Client) unanswered(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("ask the Callbot API: %w", ctx.Err())
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &Error{Class: Failing, Detail: fmt.Sprintf("no answer within %v", c.cfg.Timeout)}
	}
	return &Error{Class: Failing, Detail: "no answer", Err: withoutURL(err)}
}

// withoutURL takes away the URL, which may hold a password.
func withoutURL(err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return outer.Err
	}
	return err
}

var errEncoding = errors.New("the answer's Content-Encoding is not gzip")

// readBody reads an answer to its end, decompressed, so that its connection
// can serve the next request. One of more than limit bytes is not read on: a
// few kilobytes on the wire may unpack to gigabytes.
func readBody(response *http.Response, buf *bytes.Buffer, limit int64) error {
	var body io.Reader = response.Body
	switch strings.ToLower(response.Header.Get("Content-Encoding")) {
	case "", "identity":
	case "gzip", "x-gzip":
		unzip, err := gzip.NewReader(body)
		if err != nil {
			return err
		}
		body = unzip
	default:
		return errEncoding
	}
	n, err := buf.ReadFrom(io.LimitReader(body, limit+1))
	if err == nil && n > limit {
		return fmt.Errorf("the answer is over %d MiB", limit>>20)
	}
	return err
}

func (c *Client) keep(buf *bytes.Buffer) {
	if buf.Cap() <= maxKeptBuffer {
		buf.Reset()
		c.bodies.Put(buf)
	}
}

// interpret makes an envelope or an *Error of an answer.
func (c *Client) interpret(
	response *http.Response, s signer, body []byte, readErr error, read func(string) (envelope, error),
) (envelope, error) {
	status := response.StatusCode
	good := status >= 200 && status < 300
	failure := &Error{HTTPStatus: status, Class: classify(status, 0)}
	if readErr != nil {
		failure.Detail, failure.Err = "the answer could not be read", readErr
		if errors.Is(readErr, context.DeadlineExceeded) {
			failure.Detail, failure.Err = fmt.Sprintf("the answer was not complete within %v", c.cfg.Timeout), nil
		}
		return envelope{}, failure
	}
	trusted := c.verify(response.Header, s, body, good)
	if good && !trusted {
		failure.Detail = "the answer's signature is wrong"
		return envelope{}, failure
	}
	failure.Detail = elsewhere(response)
	if !trusted { // its HTTP status is all that is taken from it
		return envelope{}, failure
	}
	answer, err := read(string(body))
	if err != nil {
		if good {
			failure.Detail = err.Error() + mediaType(response)
		}
		return envelope{}, failure
	}
	if good && answer.retCode == 0 {
		return answer, nil
	}
	failure.Class = classify(status, answer.retCode)
	failure.RetCode, failure.ResponseID = answer.retCode, answer.responseID
	if answer.retCode != 0 {
		failure.Message = answer.message
	}
	return envelope{}, failure
}

// elsewhere says where a redirect leads: scheme and host alone, for a path or
// a query may carry anything.
func elsewhere(response *http.Response) string {
	if response.StatusCode < 300 || response.StatusCode >= 400 {
		return ""
	}
	to, err := response.Location()
	if err != nil {
		return "a redirect"
	}
	return "redirected to " + fitForLog(to.Scheme+"://"+to.Host)
}

func mediaType(response *http.Response) string {
	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil || kind == "application/json" {
		return ""
	}
	return " (" + fitForLog(kind) + "; check CALLBOT_BASE_URL)"
}

// verify reports whether what an answer says may be believed. A proxy's 502 comes
// from before the API and cannot be signed: it is no wrong signature, so it is not
// counted as one. Strict believes nothing of it but its HTTP status.
func (c *Client) verify(header http.Header, s signer, body []byte, good bool) bool {
	if c.cfg.Verify == "" || c.cfg.Verify == VerifyOff {
		return true
	}
	strict := c.cfg.Verify == VerifyStrict
	if !good && header.Get(headerSign) == "" {
		return !strict
	}
	ok := s.signed(header, body) || signedRight(header, s.stamp, c.cfg.SecretKey(), body)
	c.cfg.Observer.Signature(ok)
	if !ok {
		c.wrongSigns.Add(1)
		c.signWarnings.Do(func() {
			c.cfg.Log.Warn("answers of the Callbot API are not signed as documented",
				"answers", c.wrongSigns.Swap(0), "mode", c.cfg.Verify,
				"mend", "check CALLBOT_SECRET_KEY and what stands between here and the API; CALLBOT_VERIFY_RESPONSES=off ignores it")
		})
	}
	return ok || !strict
}
