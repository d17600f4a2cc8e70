package simulator

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
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

func signedPost(s http.Handler, body string, header map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, apiPath, strings.NewReader(body))
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestAuthenticate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(map[string]string)
		code   string
	}{
		{"right, MD5", func(map[string]string) {}, `"retCode":0,`},
		{"right, MD5 unnamed", func(h map[string]string) { delete(h, "algorithm") }, `"retCode":0,`},
		{"right, SHA256", func(h map[string]string) { h["algorithm"], h["sign"] = "SHA256", querySHA }, `"retCode":0,`},
		{"lower case", func(h map[string]string) { h["sign"] = strings.ToLower(queryMD5) }, `"retCode":6,`},
		{"the other algorithm's", func(h map[string]string) { h["algorithm"] = "SHA256" }, `"retCode":6,`},
		{"an unknown algorithm", func(h map[string]string) { h["algorithm"] = "SHA1" }, `"retCode":6,`},
		{"another request's", func(h map[string]string) { h["requestID"] = "r-2" }, `"retCode":6,`},
		{"another time", func(h map[string]string) { h["createTs"] = "1700000001" }, `"retCode":6,`},
		{"a time that is none", func(h map[string]string) { h["createTs"] = "now" }, `"retCode":6,`},
		{"no signature", func(h map[string]string) { delete(h, "sign") }, `"retCode":6001,`},
		{"no time", func(h map[string]string) { delete(h, "createTs") }, `"retCode":6001,`},
		{"no request ID", func(h map[string]string) { delete(h, "requestID") }, `"retCode":6001,`},
		{"no account", func(h map[string]string) { delete(h, "uuid") }, `"retCode":6001,`},
		{"an unknown account", func(h map[string]string) { h["uuid"] = "v" }, `"retCode":6002,`},
		{"another body's", func(h map[string]string) { h["sign"] = "C1A03A0041ECB01EBDA45E09EEBF84B0" }, `"retCode":6,`},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := map[string]string{"requestID": "r-1", "uuid": "u", "createTs": "1700000000", "algorithm": "MD5", "sign": queryMD5}
			c.change(h)
			w := signedPost(newTest(newClock(), nil), emptyQuery, h)
			if !strings.Contains(w.Body.String(), c.code) || !strings.Contains(w.Body.String(), `"responseID":"sim-1"`) {
				t.Errorf("answered %s, want %s", w.Body, c.code)
			}
		})
	}
}

func TestAnswersAreSigned(t *testing.T) {
	c := newClock()
	for _, k := range []struct{ name, algorithm, requestSign, answerSign string }{
		{"MD5", "MD5", queryMD5, "373C4588F71CB5153DB5F5996F2F63AE"},
		{"SHA256", "SHA256", querySHA, "07F4F0FAF299C65F6CA14F4DE458110C4A7044139308ED8CD0A5151DF8E9044B"},
	} {
		t.Run(k.name, func(t *testing.T) {
			w := signedPost(newTest(c, nil), emptyQuery, map[string]string{
				"requestID": "r-1", "uuid": "u", "createTs": "1700000000", "algorithm": k.algorithm, "sign": k.requestSign,
			})
			for name, want := range map[string]string{
				"requestID": "r-1", "uuid": "u", "createTs": "1780000000", "algorithm": k.algorithm, "sign": k.answerSign,
			} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
	t.Run("a wrong one", func(t *testing.T) {
		s := newTest(c, nil)
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
			r := httptest.NewRequest(http.MethodPost, apiPath, strings.NewReader(body))
			signRequest(r, testKey, body)
			r.Header.Set("Accept-Encoding", c.accept)
			w := httptest.NewRecorder()
			newTest(newClock(), nil).ServeHTTP(w, r)
			got := w.Body.Bytes()
			if zipped := w.Header().Get("Content-Encoding") == "gzip"; zipped != c.zipped {
				t.Fatalf("compressed: %v", zipped)
			}
			if c.zipped {
				got = unzip(t, got)
			}
			if want := post(newTest(newClock(), nil), body).Body.Bytes(); !bytes.Equal(got, want) {
				t.Error("the answer differs from the uncompressed one")
			}
			h := signedOf(w.Header())
			if want, _ := h.sign(testKey, got); w.Header().Get("sign") != want {
				t.Error("the signature is not over the decompressed body")
			}
		})
	}
}

func unzip(t *testing.T, b []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
