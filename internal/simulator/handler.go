package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// The vendor's retCodes.
const (
	codeSuccess      = 0
	codeGeneral      = 1
	codeMissingParam = 2
	codeBadFormat    = 3
	codeBadValue     = 4
	codeTooMany      = 4001
	codeMaintenance  = 5
	codeInternal     = 5001
	codeBadSignature = 6
	codeUnsigned     = 6001
	codeNoAccount    = 6002
	codeNoPermission = 6003
	codeBusy         = 7
)

// retMsgs are worded as such APIs word them; clients must go by the number.
var retMsgs = map[int]string{
	codeSuccess: "success", codeGeneral: "general error", codeMissingParam: "missing parameters", codeBadFormat: "parameter format error",
	codeBadValue: "invalid parameter value", codeTooMany: "too many array elements", codeMaintenance: "server maintenance",
	codeInternal: "internal error", codeBadSignature: "incorrect signature", codeUnsigned: "missing signature",
	codeNoAccount: "account does not exist", codeNoPermission: "no permission", codeBusy: "system busy",
}

const (
	// maxOrders is the vendor's limit of a batch.
	maxOrders = 500
	// maxID is the longest ID in bytes that is allowed (docs/contract.md#requests).
	maxID = 256
	// maxBody holds a full batch of the longest IDs with every byte escaped.
	maxBody = 1 << 20
)

// reply is what a request will be answered with.
type reply struct {
	label     string // for the statistics: a retCode or what happened instead
	status    int    // HTTP status
	body      []byte
	unsigned  bool // not the API's JSON: no signature
	hang      bool
	entries   int        // orders in the answer
	sightings []sighting // to be noted once the answer is sent
}

// operation answers a request that was let in, in the buffer where it has room.
type operation func(v fate, body, buf []byte) reply

// serve serves an operation of the API.
func (s *Simulator) serve(o operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { s.respond(w, r, o) }
}

func (s *Simulator) respond(w http.ResponseWriter, r *http.Request, o operation) {
	v := s.draw(s.config.Now())
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if !pause(r, s.config.Latency) {
		s.finish(v, reply{label: "client-left"})
		panic(http.ErrAbortHandler) // an empty answer under HTTP 200 would be one of its own
	}
	buf := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(buf)
	var a reply
	if err != nil {
		a = refuse(v, codeBadFormat)
	} else {
		a = s.decide(v, r, body, (*buf)[:0], o)
	}
	if cap(a.body) > cap(*buf) {
		*buf = a.body
	}
	if a.hang {
		s.finish(v, a)
		pause(r, v.faults.hangFor())
		panic(http.ErrAbortHandler) // closes the connection without an answer
	}
	s.send(w, r, v, a)
}

// pause waits and reports false when the client left meanwhile.
func pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return r.Context().Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// decide chooses the answer: a mishap on the way, then who asks, then how often,
// then what.
func (s *Simulator) decide(v fate, r *http.Request, body, buf []byte, o operation) reply {
	switch v.mishap {
	case tooMany:
		return plain("http-429", http.StatusTooManyRequests)
	case error500:
		if v.variant%2 == 1 {
			return plain("http-502", http.StatusBadGateway)
		}
		return plain("http-500", http.StatusInternalServerError)
	case htmlPage:
		return reply{label: "html", status: http.StatusOK, unsigned: true, body: []byte(page)}
	case hang:
		return reply{label: "hang", hang: true}
	}
	if code := s.authenticate(r.Header, body); code != codeSuccess {
		return refuse(v, code)
	}
	if v.faults.RejectAccount {
		return refuse(v, codeBadSignature)
	}
	if s.limit != nil && !s.limit.AllowN(s.config.Now(), 1) {
		return refuse(v, codeBusy)
	}
	if v.mishap != 0 {
		return refuse(v, int(v.mishap))
	}
	return o(v, body, buf)
}

// details is listOrderDetail.
func (s *Simulator) details(v fate, body, buf []byte) reply {
	task, orders, code := readQuery(body)
	if code != codeSuccess {
		return refuse(v, code)
	}
	s.asked(len(orders))
	if v.faults.RejectAll {
		return refuse(v, codeBadValue)
	}
	for _, o := range orders {
		if v.faults.poisons(o) {
			return poisoned(v)
		}
	}
	return s.answer(v, task, orders, buf)
}

// page is what a proxy in front of the API might answer.
const page = "<!DOCTYPE html><html><head><title>Please wait</title></head><body><h1>We'll be right back</h1></body></html>"

func plain(label string, status int) reply {
	return reply{label: label, status: status, unsigned: true, body: []byte(http.StatusText(status) + "\n")}
}

func poisoned(v fate) reply {
	switch v.faults.PoisonWith {
	case "4001":
		return refuse(v, codeTooMany)
	case "500":
		return plain("http-500", http.StatusInternalServerError)
	case "hang":
		return reply{label: "hang", hang: true}
	}
	return refuse(v, codeBadValue)
}

// refuse answers with a retCode and without orders.
func refuse(v fate, code int) reply {
	return reply{label: strconv.Itoa(code), status: http.StatusOK, body: fmt.Appendf(nil,
		`{"retCode":%d,"retMsg":%q,"responseID":%q,"orderDetailList":null}`, code, retMsgs[code], responseID(v))}
}

func responseID(v fate) string { return "sim-" + strconv.Itoa(v.number) }

// readQuery returns the task and the orders asked for, each once, or the
// retCode of what is wrong with the request.
func readQuery(body []byte) (task string, orders []string, code int) {
	var q struct {
		ProductID  string   `json:"productID"`
		UserTaskID string   `json:"userTaskID"`
		OrderList  []string `json:"orderList"`
	}
	if err := json.Unmarshal(body, &q); err != nil {
		return "", nil, codeBadFormat
	}
	switch {
	case q.ProductID == "" || q.UserTaskID == "" || len(q.OrderList) == 0:
		return "", nil, codeMissingParam
	case len(q.OrderList) > maxOrders:
		return "", nil, codeTooMany
	case q.ProductID != "callbot" || len(q.UserTaskID) > maxID:
		return "", nil, codeBadValue
	}
	known := make(map[string]bool, len(q.OrderList))
	for _, o := range q.OrderList {
		if o == "" || len(o) > maxID {
			return "", nil, codeBadValue
		}
		if !known[o] {
			known[o] = true
			orders = append(orders, o)
		}
	}
	return q.UserTaskID, orders, codeSuccess
}
