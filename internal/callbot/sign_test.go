package callbot

import (
	"net/http"
	"strings"
	"testing"
)

// The wanted values come from `printf '%s' '<key>&body=…' | md5sum` and sha256sum.
func TestSign(t *testing.T) {
	sample := stamp{createTs: "1700000000", requestID: "r", uuid: "u"}
	foreign := stamp{createTs: "1760000000", requestID: "3f2a9c", uuid: "acc-7"}
	foreignBody := `{"productID":"callbot","userTaskID":"任务 1","orderList":["o-1","o\"2"]}`
	for _, tc := range []struct {
		name      string
		stamp     stamp
		algorithm string
		key, body string
		want      string
	}{
		{"the vendor's sample, MD5", sample, MD5, "k", `{"a":1}`, "C1A03A0041ECB01EBDA45E09EEBF84B0"},
		{"none means MD5", sample, "", "k", `{"a":1}`, "C1A03A0041ECB01EBDA45E09EEBF84B0"},
		{"the vendor's sample, SHA256", sample, SHA256, "k", `{"a":1}`, "268F25D260AE47D716BF9CF1A49A6A3A07BE014EC5AC7E48A203DB37CC951595"},
		{"text beyond ASCII, MD5", foreign, MD5, "s3cret-KEY", foreignBody, "D3456D7B2FF8CC47F00BFCD64EE55AF1"},
		{"text beyond ASCII, SHA256", foreign, SHA256, "s3cret-KEY", foreignBody, "AE142B37FA57646EDD504C1228FF3AB511ABF3BFD9CCA629DBCAD6F27398477E"},
		{"all empty, MD5", stamp{}, MD5, "", "", "544A5A220A0A950F48DECC07A5218999"},
		{"all empty, SHA256", stamp{}, SHA256, "", "", "E275D998B36F3FA0BCAFFF71D65C4B87BFB50F7AB4278803499CDC66D9B3CD24"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.stamp.algorithm = tc.algorithm
			got, ok := tc.stamp.sign(tc.key, []byte(tc.body))
			if !ok || got != tc.want {
				t.Errorf("got %s, %v, want %s", got, ok, tc.want)
			}
		})
	}
	if _, ok := (stamp{algorithm: "SHA1"}).sign("k", nil); ok {
		t.Error("signed with an algorithm the API doesn't know")
	}
}

func TestSignedRight(t *testing.T) {
	request := stamp{algorithm: SHA256, createTs: "1700000000", requestID: "r", uuid: "u"}
	const (
		md5Sign    = "C1A03A0041ECB01EBDA45E09EEBF84B0"
		sha256Sign = "268F25D260AE47D716BF9CF1A49A6A3A07BE014EC5AC7E48A203DB37CC951595"
	)
	whole := map[string]string{
		headerCreateTs: "1700000000", headerRequestID: "r", headerUUID: "u", headerAlgorithm: SHA256, headerSign: sha256Sign,
	}
	for _, tc := range []struct {
		name   string
		change map[string]string
		body   string
		want   bool
	}{
		{"as documented", nil, `{"a":1}`, true},
		{"lower-case hex", map[string]string{headerSign: strings.ToLower(sha256Sign)}, `{"a":1}`, true},
		{"MD5", map[string]string{headerSign: md5Sign, headerAlgorithm: MD5}, `{"a":1}`, true},
		{"no algorithm, MD5", map[string]string{headerSign: md5Sign, headerAlgorithm: ""}, `{"a":1}`, true},
		{"no algorithm, SHA256", map[string]string{headerAlgorithm: ""}, `{"a":1}`, true},
		{"headers left out", map[string]string{headerCreateTs: "", headerRequestID: "", headerUUID: ""}, `{"a":1}`, true},
		{"another body", nil, `{"a":2}`, false},
		{"another time", map[string]string{headerCreateTs: "1700000001"}, `{"a":1}`, false},
		{"another request ID", map[string]string{headerRequestID: "s"}, `{"a":1}`, false},
		{"another account", map[string]string{headerUUID: "v"}, `{"a":1}`, false},
		{"another algorithm than it says", map[string]string{headerAlgorithm: MD5}, `{"a":1}`, false},
		{"an unknown algorithm", map[string]string{headerAlgorithm: "NONE"}, `{"a":1}`, false},
		{"an unknown algorithm and no signature", map[string]string{headerAlgorithm: "NONE", headerSign: ""}, `{"a":1}`, false},
		{"no signature", map[string]string{headerSign: ""}, `{"a":1}`, false},
		{"a cut signature", map[string]string{headerSign: sha256Sign[:32]}, `{"a":1}`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			header := http.Header{}
			for name, value := range whole {
				if changed, ok := tc.change[name]; ok {
					value = changed
				}
				header.Set(name, value)
			}
			if got := signedRight(header, request, "k", []byte(tc.body)); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}
