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

func TestSign(t *testing.T) {
	const unicode = `{"userTaskID":"任务","x":"é\n"}`
	for _, c := range []struct {
		name, key, body string
		h               signed
		want            string
	}{
		{"the vendor's sample", "k", `{"a":1}`, signed{"r", "u", "1700000000", "MD5"}, "c1a03a0041ecb01ebda45e09eebf84b0"},
		{"no algorithm is MD5", "k", `{"a":1}`, signed{"r", "u", "1700000000", ""}, "c1a03a0041ecb01ebda45e09eebf84b0"},
		{
			"SHA256", "k", `{"a":1}`,
			signed{"r", "u", "1700000000", "SHA256"},
			"268f25d260ae47d716bf9cf1a49a6a3a07be014ec5ac7e48a203db37cc951595",
		},
		{"beyond ASCII, MD5", "ключ", unicode, signed{"3f-9", "acc 1", "1780000000", "MD5"}, "158746e3f801b204193768b956dfd6ce"},
		{
			"beyond ASCII, SHA256", "ключ", unicode,
			signed{"3f-9", "acc 1", "1780000000", "SHA256"},
			"076f69db2acd908f13a075439069aa9b690abd3b2728f5e3a664400da53b3a94",
		},
		{"nothing at all", "", "", signed{}, "544a5a220a0a950f48decc07a5218999"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := c.h.sign(c.key, []byte(c.body))
			if !ok || got != strings.ToUpper(c.want) {
				t.Errorf("got %s %v, want %s", got, ok, strings.ToUpper(c.want))
			}
		})
	}
	if got, ok := (signed{algorithm: "SHA1"}).sign("k", nil); ok {
		t.Errorf("SHA1 gave %s, want no signature", got)
	}
}

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
	t.Run("another body", func(t *testing.T) {
		h := map[string]string{"requestID": "r-1", "uuid": "u", "createTs": "1700000000", "sign": queryMD5}
		w := signedPost(newTest(newClock(), nil), emptyQuery+" ", h)
		if !strings.Contains(w.Body.String(), `"retCode":6,`) {
			t.Errorf("answered %s", w.Body)
		}
	})
	t.Run("any account where none is set", func(t *testing.T) {
		s := newTest(newClock(), func(c *Config) { c.UUID = "" })
		h := map[string]string{"requestID": "r-1", "uuid": "u", "createTs": "1700000000", "sign": queryMD5}
		if w := signedPost(s, emptyQuery, h); !strings.Contains(w.Body.String(), `"retCode":0,`) {
			t.Errorf("answered %s", w.Body)
		}
	})
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
	t.Run("a refusal", func(t *testing.T) {
		w := signedPost(newTest(c, nil), "{}", map[string]string{"requestID": "r-9", "uuid": "u", "algorithm": "SHA256"})
		if got, want := w.Header().Get("sign"), "A0AD23BA9414B5BB6F71CA94C3145676B53D82B44611A1ECA7133304A0F229B4"; got != want {
			t.Errorf("sign is %s, want %s", got, want)
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
