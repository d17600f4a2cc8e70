package simulator

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// The signatures here were made with printf, md5sum and sha256sum.

const (
	emptyQuery = `{"productID":"callbot","userTaskID":"t","orderList":["missing-1"]}`
	queryMD5   = "762013E76E651D7CFA31D44054EA0A0C"
	querySHA   = "877A59466CC63ADB8878B45766DAF8919701DB5C4794D0EF00BAEA05A2C84817"
)

func TestAuthenticate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(http.Header)
		code   string
	}{
		{"right, MD5", func(http.Header) {}, `"retCode":0,`},
		{"right, MD5 unnamed", func(h http.Header) { h.Del("algorithm") }, `"retCode":0,`},
		{"right, SHA256", func(h http.Header) { h.Set("algorithm", "SHA256"); h.Set("sign", querySHA) }, `"retCode":0,`},
		{"lower case", func(h http.Header) { h.Set("sign", strings.ToLower(queryMD5)) }, `"retCode":6,`},
		{"the other algorithm's", func(h http.Header) { h.Set("algorithm", "SHA256") }, `"retCode":6,`},
		{"an unknown algorithm", func(h http.Header) { h.Set("algorithm", "SHA1") }, `"retCode":6,`},
		{"another request's", func(h http.Header) { h.Set("requestID", "r-2") }, `"retCode":6,`},
		{"another time", func(h http.Header) { h.Set("createTs", "1700000001") }, `"retCode":6,`},
		{"a time that is none", func(h http.Header) { h.Set("createTs", "now") }, `"retCode":6,`},
		{"no signature", func(h http.Header) { h.Del("sign") }, `"retCode":6001,`},
		{"no time", func(h http.Header) { h.Del("createTs") }, `"retCode":6001,`},
		{"no request ID", func(h http.Header) { h.Del("requestID") }, `"retCode":6001,`},
		{"no account", func(h http.Header) { h.Del("uuid") }, `"retCode":6001,`},
		{"an unknown account", func(h http.Header) { h.Set("uuid", "v") }, `"retCode":6002,`},
		{"another body's", func(h http.Header) { h.Set("sign", "C1A03A0041ECB01EBDA45E09EEBF84B0") }, `"retCode":6,`},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := headers("requestID", "r-1", "uuid", "u", "createTs", "1700000000", "algorithm", "MD5", "sign", queryMD5)
			c.change(h)
			w := send(newTest(newClock(), nil), http.MethodPost, apiPath, emptyQuery, h)
			if !strings.Contains(w.Body.String(), c.code) || !strings.Contains(w.Body.String(), `"responseID":"sim-1"`) {
				t.Errorf("answered %s, want %s", w.Body, c.code)
			}
		})
	}
}

func TestAnswersAreSigned(t *testing.T) {
	for algorithm, signs := range map[string]struct{ request, answer string }{
		"MD5":    {queryMD5, "373C4588F71CB5153DB5F5996F2F63AE"},
		"SHA256": {querySHA, "07F4F0FAF299C65F6CA14F4DE458110C4A7044139308ED8CD0A5151DF8E9044B"},
	} {
		t.Run(algorithm, func(t *testing.T) {
			h := headers("requestID", "r-1", "uuid", "u", "createTs", "1700000000", "algorithm", algorithm, "sign", signs.request)
			got := send(newTest(newClock(), nil), http.MethodPost, apiPath, emptyQuery, h).Header()
			want := headers("requestID", "r-1", "uuid", "u", "createTs", "1780000000", "algorithm", algorithm, "sign", signs.answer)
			for name := range want {
				if got.Get(name) != want.Get(name) {
					t.Errorf("%s is %q, want %q", name, got.Get(name), want.Get(name))
				}
			}
		})
	}
	t.Run("a wrong one", func(t *testing.T) {
		s := newTest(newClock(), nil)
		setFaults(t, s, Faults{BadSignature: 1})
		w := post(s, query("t", "done-1"))
		want, _ := signedOf(w.Header()).sign(testKey, w.Body.Bytes())
		if got := w.Header().Get("sign"); got == want || len(got) != len(want) {
			t.Errorf("signed %q", got)
		}
		if shown := s.Shown("t", "done-1"); len(shown) != 0 {
			t.Errorf("noted %v of an answer that proves nothing", shown)
		}
	})
}

func TestGzip(t *testing.T) {
	for _, c := range []struct {
		accept string
		zipped bool
	}{
		{"gzip", true},
		{"deflate, GZIP;q=0.5", true},
		{"gzip;q=0", false},
		{"identity", false},
		{"", false},
	} {
		t.Run("Accept-Encoding "+c.accept, func(t *testing.T) {
			body := query("t", "done-1", "done-2")
			h := signedAs(testKey, body)
			h.Set("Accept-Encoding", c.accept)
			w := send(newTest(newClock(), nil), http.MethodPost, apiPath, body, h)
			if zipped := w.Header().Get("Content-Encoding") == "gzip"; zipped != c.zipped {
				t.Fatalf("compressed: %v", zipped)
			}
			got := w.Body.Bytes()
			if c.zipped {
				z, err := gzip.NewReader(w.Body)
				if err != nil {
					t.Fatal(err)
				}
				if got, err = io.ReadAll(z); err != nil {
					t.Fatal(err)
				}
			}
			if want := post(newTest(newClock(), nil), body).Body.Bytes(); !bytes.Equal(got, want) {
				t.Error("the answer differs from the uncompressed one")
			}
			if want, _ := signedOf(w.Header()).sign(testKey, got); w.Header().Get("sign") != want {
				t.Error("the signature is not over the decompressed body")
			}
		})
	}
}
