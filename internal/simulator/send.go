package simulator

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// newZipper returns a gzip writer at the fastest level: the simulator shares
// its cores with what it tests.
func newZipper() any {
	z, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	if err != nil {
		panic("gzip: " + err.Error()) // the level is a constant of the library
	}
	return z
}

// send signs, compresses and writes an answer, and notes it where the client
// got all of it under a right signature.
func (s *Simulator) send(w http.ResponseWriter, r *http.Request, v fate, a reply) {
	h := w.Header()
	if a.unsigned {
		h.Set("Content-Type", "text/html; charset=utf-8")
		if a.status == http.StatusTooManyRequests && v.variant%2 == 0 {
			h.Set("Retry-After", "1")
		}
		s.finish(v, a)
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body) // the client left: nothing of it is noted
		return
	}
	s.signAnswer(h, r, v, a.body)
	h.Set("Content-Type", "application/json;charset=UTF-8")
	body := a.body
	if acceptsGzip(r.Header) {
		body = s.zip(body)
		h.Set("Content-Encoding", "gzip")
	}
	if v.cut {
		a.label = "cut"
		s.finish(v, a)
		cutOff(w, v, body)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.status)
	if v.badSignature {
		a.sightings = nil
	}
	// Noted before the last byte leaves, so that whoever has read the answer
	// finds it in the truth.
	s.note(a.sightings)
	s.finish(v, a)
	_, _ = w.Write(body) // a client that left meanwhile counts as served: it may have read it all
}

// signAnswer signs over the uncompressed body with the request's own ID and
// algorithm, as the API does.
func (s *Simulator) signAnswer(h http.Header, r *http.Request, v fate, body []byte) {
	q := signedOf(r.Header)
	q.createTs = strconv.FormatInt(s.config.Now().Unix(), 10)
	if q.algorithm != "SHA256" { // none is named, or none of ours
		q.algorithm = "MD5"
	}
	sign, _ := q.sign(s.config.SecretKey, body)
	if v.badSignature {
		sign = strings.Repeat("0", len(sign))
	}
	h.Set(headerRequestID, q.requestID)
	h.Set(headerUUID, q.uuid)
	h.Set(headerCreateTs, q.createTs)
	h.Set(headerAlgorithm, q.algorithm)
	h.Set(headerSign, sign)
}

// cutOff ends an answer early, in one of three ways, each with an even chance.
func cutOff(w http.ResponseWriter, v fate, body []byte) {
	half := body[:len(body)/2]
	switch v.variant % 3 {
	case 0: // the whole length announced, half of it sent
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(half)
	case 1: // half a body that HTTP finds nothing wrong with
		w.Header().Set("Content-Length", strconv.Itoa(len(half)))
		_, _ = w.Write(half)
		return
	}
	panic(http.ErrAbortHandler) // closes the connection
}

func (s *Simulator) zip(body []byte) []byte {
	z := s.zippers.Get().(*gzip.Writer)
	defer s.zippers.Put(z)
	// JSON of this kind shrinks to a tenth or so.
	out := bytes.NewBuffer(make([]byte, 0, len(body)/6+256))
	z.Reset(out)
	_, _ = z.Write(body) // a buffer takes everything
	_ = z.Close()
	return out.Bytes()
}

// acceptsGzip reports whether the client asks for gzip.
func acceptsGzip(h http.Header) bool {
	for part := range strings.SplitSeq(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64)
			return err != nil || q > 0
		}
	}
	return false
}
