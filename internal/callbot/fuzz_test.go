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
