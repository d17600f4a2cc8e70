package callbot

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"callstream/internal/order"
)

// FuzzDecode: any bytes are read without a panic, twice alike; what they decode
// to is valid text; no error holds a part of them.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"retCode":0,"orderDetailList":[` + fullEntry + `]}`))
	f.Add([]byte(`{"retCode":"0","orderDetailList":[{"orderID":"o1"},{"orderID":"o1","userTaskID":"u"},null,5,{"orderID":1}]}`))
	f.Add([]byte(`{"retCode":4,"retMsg":"bad 13800138000","responseID":"r"}`))
	f.Add([]byte("{\"retCode\":0,\"orderDetailList\":[{\"orderID\":\"o1\",\"userName\":\"\xff\xe8\",\"finish\":\"x\"}]}"))
	f.Add([]byte(`{"retCode":0,"orderDetailList":[{"orderID":"o1","callInfoDetailList":[{"params":{"a":{}},"callStartTs":1e99}]}]}`))
	f.Add([]byte(`{"retCode":0,"orderDetailList":[{"orderID":"o1","userName":"\\\"\ud800\\"}]}`))
	f.Add([]byte(`<html>`))
	f.Add([]byte(`[[[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		answer, err := readEnvelope(string(body))
		if err != nil {
			checkErrorText(t, err)
			return
		}
		if !json.Valid(body) {
			t.Fatal("read what is no JSON")
		}
		first := sight(answer.orders, "t", []string{"o1", "o2"}, 1)
		again := sight(answer.orders, "t", []string{"o1", "o2"}, 1)
		for id, s := range first.seen {
			if id != "o1" && id != "o2" || s.Hash == 0 || s.Hash != again.seen[id].Hash {
				t.Fatalf("order %q has hash %d, then %d", id, s.Hash, again.seen[id].Hash)
			}
			a, err := s.Decode()
			if err != nil {
				checkErrorText(t, err)
				continue
			}
			b, err := again.seen[id].Decode()
			if err != nil || !reflect.DeepEqual(a, b) {
				t.Fatalf("decoded differently the second time: %v", err)
			}
			checkAnswer(t, reflect.ValueOf(a))
		}
	})
}

// checkErrorText holds errors to this package's own words: a path of known
// names, then the types.
func checkErrorText(t *testing.T, err error) {
	t.Helper()
	var failed *fieldError
	if !errors.As(err, &failed) {
		if err != errNotJSON && err != errNesting && err != errNoRetCode { //nolint:errorlint // these very ones
			t.Fatalf("an error of its own: %v", err)
		}
		return
	}
	known := fullEntry + `"retCode""retMsg""responseID""orderDetailList""answer"`
	for _, name := range strings.FieldsFunc(failed.path, func(r rune) bool { return strings.ContainsRune(".[]0123456789", r) }) {
		if !strings.Contains(known, `"`+name+`"`) {
			t.Fatalf("the path %q holds a foreign name", failed.path)
		}
	}
}

func checkAnswer(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Pointer:
		checkAnswer(t, v.Elem())
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			t.Fatalf("text that is no UTF-8: %q", v.String())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			checkAnswer(t, v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			checkAnswer(t, v.Index(i))
		}
	case reflect.Int64:
		if v.Type() == reflect.TypeFor[order.Millis]() && (v.Int() < 0 || v.Int() > lastMoment) {
			t.Fatalf("a time out of range: %d", v.Int())
		}
	default:
	}
}

// FuzzCallback: any body is read without a panic and twice alike; what is read
// is valid text out of valid JSON; no refusal holds a part of it.
func FuzzCallback(f *testing.F) {
	f.Add([]byte(callbackBody))
	f.Add([]byte(`{"callbackType":"1","userTaskID":7}`))
	f.Add([]byte(`{"callbackType":2.0,"orderID":1e3,"orderID":"\ud800","userTaskID":null}`))
	f.Add([]byte("{\"orderID\":\"\xff13800138000\"}"))
	f.Add([]byte(`{"orderID":{"13800138000":1}}`))
	f.Add([]byte(callbackBody + "\x80\x00&createTs=1"))
	f.Fuzz(func(t *testing.T, body []byte) {
		ref, kind, refused := readCallback(string(body))
		if again, kindAgain, refusedAgain := readCallback(string(body)); again != ref || kindAgain != kind || (refused == nil) != (refusedAgain == nil) {
			t.Fatalf("read as %q, then as %q", ref, again)
		}
		if refused != nil {
			own := strings.TrimPrefix(refused.text, "callback.")
			for _, name := range []string{"callbackType", "orderID", "userTaskID"} {
				own = strings.TrimPrefix(own, name)
			}
			if own != "the body is not JSON" && !strings.HasPrefix(own, ": want ") && !strings.HasPrefix(own, "callback: want ") || len(own) > 80 {
				t.Fatalf("a refusal of other words: %q", refused.text)
			}
			if ref != (order.Ref{}) || refused.status != 400 {
				t.Fatalf("refused with %d, and read as %q", refused.status, ref)
			}
			return
		}
		if !json.Valid(body) || !utf8.ValidString(ref.ID) || !utf8.ValidString(ref.Task) {
			t.Fatalf("read %q", ref)
		}
	})
}
