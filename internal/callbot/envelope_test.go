package callbot

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestReadEnvelope(t *testing.T) {
	for _, tc := range []struct {
		name, body string
		want       envelope
		err        string
	}{
		{"good", `{"retCode":0,"retMsg":"success","responseID":"r-1","orderDetailList":[]}`, envelope{message: "success", responseID: "r-1"}, ""},
		{"no list", `{"retCode":0}`, envelope{}, ""},
		{"a null list", `{"retCode":0,"orderDetailList":null}`, envelope{}, ""},
		{"retCode as text", `{"retCode":"7"}`, envelope{retCode: 7}, ""},
		{"a number for a response ID", `{"retCode":4,"responseID":123}`, envelope{retCode: 4, responseID: "123"}, ""},
		{"a phone number in retMsg", `{"retCode":4,"retMsg":"no 13800138000"}`, envelope{retCode: 4, message: "no ***********"}, ""},
		{"a list is not looked at where the code is bad", `{"retCode":4,"orderDetailList":{}}`, envelope{retCode: 4}, ""},
		{"no retCode", `{"orderDetailList":[]}`, envelope{}, "the answer has no retCode"},
		{"null retCode", `{"retCode":null}`, envelope{}, "the answer has no retCode"},
		{"retCode a word", `{"retCode":"ok"}`, envelope{}, "answer.retCode: want a number, found a string of something else"},
		{"the list an object", `{"retCode":0,"orderDetailList":{}}`, envelope{}, "orderDetailList: want a list, found an object"},
		{"the list a text", `{"retCode":0,"orderDetailList":"x"}`, envelope{}, "orderDetailList: want a list, found a string"},
		{"a list alone", `[]`, envelope{}, "answer: want an object, found a list"},
		{"a text alone", `"x"`, envelope{}, "answer: want an object, found a string"},
		{"null alone", `null`, envelope{}, "the answer has no retCode"},
		{"nothing", ``, envelope{}, "the answer is not JSON, or cut"},
		{"cut", `{"retCode":0,"orderDetailList":[{"orderID":"o`, envelope{}, "the answer is not JSON, or cut"},
		{"two answers", `{"retCode":0}{"retCode":0}`, envelope{}, "the answer is not JSON, or cut"},
		{"HTML", `<html></html>`, envelope{}, "the answer is not JSON, or cut"},
		{"nested too deep", strings.Repeat(`[`, 2*maxNesting) + strings.Repeat(`]`, 2*maxNesting), envelope{}, "the answer nests too deep"},
		{"nested as deep as may be", strings.Repeat(`[`, maxNesting) + strings.Repeat(`]`, maxNesting), envelope{}, "answer: want an object, found a list"},
		{"64 MiB of brackets", strings.Repeat(`{"a":`, maxAnswer/5), envelope{}, "the answer nests too deep"},
		{"many brackets side by side", `{"retCode":0,"x":[` + strings.Repeat(`[],`, maxNesting) + `"[\"["]}`, envelope{}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := readEnvelope(tc.body)
			if text := errorText(err); text != tc.err {
				t.Fatalf("error %q, want %q", text, tc.err)
			}
			if got.retCode != tc.want.retCode || got.message != tc.want.message || got.responseID != tc.want.responseID {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func sightBody(t *testing.T, seed uint64, ids []string, entries ...string) findings {
	t.Helper()
	answer, err := readEnvelope(`{"retCode":0,"orderDetailList":[` + strings.Join(entries, ",") + `]}`)
	if err != nil {
		t.Fatal(err)
	}
	return sight(answer.orders, "t", ids, seed)
}

func TestSight(t *testing.T) {
	for _, tc := range []struct {
		name                 string
		entries              []string
		seen                 []string
		notAsked, unreadable int
	}{
		{"none", nil, nil, 0, 0},
		{"asked for", []string{`{"orderID":"o1"}`, `{"orderID":"o2","userTaskID":"t"}`}, []string{"o1", "o2"}, 0, 0},
		{"an ID as a number", []string{`{"orderID":77}`}, []string{"77"}, 0, 0},
		{"an escaped ID", []string{`{"orderID":"o\u0031"}`}, []string{"o1"}, 0, 0},
		{"an ID after the calls", []string{`{"callInfoDetailList":[{"orderID":"x"}],"orderID":"o1"}`}, []string{"o1"}, 0, 0},
		{"twice", []string{`{"orderID":"o1"}`, `{"orderID":"o1"}`}, []string{"o1"}, 0, 0},
		{"not asked for", []string{`{"orderID":"o9"}`, `{"orderID":"o1"}`}, []string{"o1"}, 1, 0},
		{"another task's", []string{`{"orderID":"o1","userTaskID":"u"}`}, nil, 1, 0},
		{"another task's, named last", []string{`{"orderID":"o1","finish":true,"userTaskID":"u"}`}, nil, 1, 0},
		{"an empty task", []string{`{"orderID":"o1","userTaskID":""}`}, []string{"o1"}, 0, 0},
		{"a null task", []string{`{"orderID":"o1","userTaskID":null}`}, []string{"o1"}, 0, 0},
		{"no ID", []string{`{}`, `{"orderID":null}`, `{"orderID":""}`, `{"orderID":{"a":1}}`}, nil, 0, 4},
		{"no object", []string{`5`, `"o1"`, `["o1"]`, `true`}, nil, 0, 4},
		{"null", []string{`null`}, nil, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := sightBody(t, 1, []string{"o1", "o2", "77"}, tc.entries...)
			if got := slices.Sorted(maps.Keys(f.seen)); !slices.Equal(got, tc.seen) {
				t.Errorf("seen %q, want %q", got, tc.seen)
			}
			if f.notAsked != tc.notAsked || f.unreadable != tc.unreadable {
				t.Errorf("%d not asked for, %d unreadable, want %d, %d", f.notAsked, f.unreadable, tc.notAsked, tc.unreadable)
			}
		})
	}
}

func TestHash(t *testing.T) {
	hash := func(seed uint64, entries ...string) uint64 {
		return sightBody(t, seed, []string{"o1"}, entries...).seen["o1"].Hash
	}
	const one, two = `{"orderID":"o1"}`, `{"orderID":"o1","finish":true}`
	if hash(1, one) != hash(1, `{"orderID":"o9"}`, one) {
		t.Error("the hash depends on other orders")
	}
	different := []uint64{hash(1, one), hash(2, one), hash(1, two), hash(1, one, two), hash(1, one, one), hash(1, `{"orderID": "o1"}`)}
	slices.Sort(different)
	if n := len(slices.Compact(different)); n != 6 {
		t.Errorf("%d different hashes of 6", n)
	}
	if slices.Contains(different, 0) {
		t.Error("a hash of 0")
	}
}
