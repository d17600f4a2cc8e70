package callbot

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClassify(t *testing.T) {
	const ok = 200
	for class, answers := range map[Class][][2]int{ // HTTP status and retCode
		Busy:        {{ok, 7}, {429, 0}, {429, 1}, {503, 7}},
		Maintenance: {{ok, 5}, {503, 0}},
		Failing:     {{ok, 1}, {ok, 5001}, {ok, 9999}, {ok, -1}, {ok, 0}, {400, 0}, {413, 0}, {500, 0}, {502, 0}, {504, 0}},
		Rejected:    {{ok, 2}, {ok, 3}, {ok, 4}, {ok, 4001}, {400, 3}, {500, 4}},
		Refused: {
			{ok, 6}, {ok, 6001}, {ok, 6002}, {ok, 6003}, {403, 6003},
			{301, 0}, {307, 0}, {401, 0}, {403, 0}, {404, 0}, {405, 0}, {407, 0}, {410, 0},
		},
	} {
		for _, a := range answers {
			if got := classify(a[0], a[1]); got != class {
				t.Errorf("HTTP %d with retCode %d is %s, want %s", a[0], a[1], got, class)
			}
		}
	}
}

func TestErrorText(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  Error
		want string
	}{
		{
			"all there is",
			Error{Class: Rejected, RetCode: 4, HTTPStatus: 400, ResponseID: "r-1", Message: "bad order"},
			`callbot: rejected: retCode 4 (invalid value), HTTP 400, responseID r-1, retMsg "bad order"`,
		},
		{"HTTP 200 goes without saying", Error{Class: Busy, RetCode: 7, HTTPStatus: 200}, "callbot: busy: retCode 7 (system busy)"},
		{"an unknown code", Error{Class: Failing, RetCode: 77, HTTPStatus: 200}, "callbot: failing: retCode 77"},
		{
			"no answer",
			Error{Class: Failing, Detail: "no answer", Err: errors.New("dial tcp 192.168.100.200:8443: refused")},
			"callbot: failing: no answer: dial tcp 192.168.100.200:8443: refused",
		},
		{
			"a foreign text in the transport's error",
			Error{Class: Failing, Detail: "no answer", Err: errors.New("malformed response \"15500001111\r\n\"")},
			`callbot: failing: no answer: malformed response "***********"`,
		},
		{
			"the key",
			Error{Class: Refused, RetCode: 6, HTTPStatus: 200},
			"callbot: refused: retCode 6 (incorrect signature); check CALLBOT_SECRET_KEY, CALLBOT_ALGORITHM and this machine's clock",
		},
		{"the address", Error{Class: Refused, HTTPStatus: 404}, "callbot: refused: HTTP 404; check CALLBOT_BASE_URL"},
		{
			"the account",
			Error{Class: Refused, HTTPStatus: 403},
			"callbot: refused: HTTP 403; check CALLBOT_UUID and CALLBOT_SECRET_KEY, and whether the vendor lets this address in",
		},
		{"nothing known", Error{Class: Failing}, "callbot: failing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.err.Error(); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestFitForLog(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"plain", "order is invalid", "order is invalid"},
		{"short numbers stay", "retCode 4001, line 123456", "retCode 4001, line 123456"},
		{"a phone number", "user 13800138000 unknown", "user *********** unknown"},
		{"seven digits", "5551234", "*******"},
		{"as people write it", "call +49 (30) 123-4567 now", "call +** (**) ***-**** now"},
		{"digits of other scripts", "１３８００１３８０００", "***********"},
		{"over a line break", "1380\n0138000", "***********"},
		{"over an invisible character", "1380\u200b0138000", "***********"},
		{"an address", "10.20.30.40:8080", "10.20.30.40:8080"},
		{"control characters", "a\x00b\x1b[31mc\u202ed", "ab[31mcd"},
		{"invalid UTF-8", "a\xffb", "a\uFFFDb"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := fitForLog(tc.text); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	for _, long := range []string{strings.Repeat("语", 5000), strings.Repeat("1 ", 1<<20), strings.Repeat("x", 199) + "12345678"} {
		got := fitForLog(long)
		if len(got) > maxMessage || !utf8.ValidString(got) || strings.ContainsAny(got, "12") {
			t.Errorf("%.10q…: got %d bytes: %q", long, len(got), got)
		}
	}
}

func TestResponseID(t *testing.T) {
	for _, tc := range []struct{ name, id, want string }{
		{"a UUID", "3f2a9c00-1111-2222-3333-444455556666", "3f2a9c00-1111-2222-3333-444455556666"},
		{"a number", "1234567890123", "1234567890123"},
		{"foreign characters", "a\nb\"c d语", "abcd"},
		{"too long", strings.Repeat("a", 100), strings.Repeat("a", maxResponseID)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := responseID(tc.id); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func FuzzFitForLog(f *testing.F) {
	f.Add("user 13800138000")
	f.Add("1(2)3-4 5 6-7")
	f.Add("\xff\u202e1")
	f.Fuzz(func(t *testing.T, text string) {
		got := fitForLog(text)
		if !utf8.ValidString(got) || len(got) > maxMessage {
			t.Fatalf("got %d bytes: %q", len(got), got)
		}
		row := 0
		for _, r := range got {
			if r < '0' || r > '9' {
				row = 0
				continue
			}
			if row++; row >= phoneDigits {
				t.Fatalf("a long number: %q", got)
			}
		}
	})
}
