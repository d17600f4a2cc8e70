package callbot

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"callstream/internal/order"
)

// fullEntry has every documented field, in the vendor's spelling.
const fullEntry = `{
 "orderID":"o1","userPhone":"15500001111","userName":"A User","sceneID":"s1","userTaskID":"t","taskID":"vt","finish":true,
 "other":"passed {through}","unknown":{"a":[1]},
 "callInfoDetailList":[{
  "callID":"c1","callingNumber":"0200","lineAddress":"line","callStatus":6,"callStartTs":1760000000,"callAnswerTs":1760000005123,
  "callEndTs":1760000065000,"callDuration":60,"callAudioUrl":"https://a/b.wav","hangupCause":"NORMAL","termSipCode":"200",
  "intents":[{"intentID":"i1","intentTag":"A","intentName":"Interested"}],
  "sms":[{"smsSendTs":2,"sysMessageID":"m1","smsContent":"hi"}],
  "agent":{"agentName":"Ann","agentGroup":"G","agentCallStatus":3,"agentCallElapsed":12,"agentLabel":"L",
   "manualCallStart":1760000010,"manualCallAnswer":1760000011,"manualCallEnd":1760000023,"manualHangupBy":0},
  "params":[{"name":"city","value":"Berlin"}],
  "recordDetail":[{"recordWord":"Hello \ud83d\ude00","recordIndex":3,"recordRole":0,"recordType":8,"nodeID":"n1","nodeDesc":"greeting","createTs":1760000006}]
 }]}`

func fullAnswer() *order.Answer {
	return &order.Answer{
		Ref:      order.Ref{Task: "t", ID: "o1"},
		Info:     order.Info{TaskID: "vt", SceneID: "s1", UserPhone: "15500001111", Passthrough: "passed {through}"},
		UserName: "A User",
		Finished: true,
		Calls: []order.Call{{
			ID:     "c1",
			Status: order.Completed,
			Details: order.Details{
				Leg: order.Leg{
					CallingNumber: "0200", LineAddress: "line",
					StartedAt: 1760000000000, AnsweredAt: 1760000005123, EndedAt: 1760000065000, HangupCause: "NORMAL", SIPCode: "200",
				},
				DurationSeconds: order.Some(60), RecordingURL: "https://a/b.wav",
				Intents: []order.Intent{{ID: "i1", Tag: "A", Name: "Interested"}},
				SMS:     []order.SMS{{MessageID: "m1", State: order.Some(2), Content: "hi"}},
				Agent: order.Agent{
					Name: "Ann", Group: "G", Label: "L", Status: order.Some(3), TalkSeconds: order.Some(12),
					StartedAt: 1760000010000, AnsweredAt: 1760000011000, EndedAt: 1760000023000, HungUpBy: order.Some(0),
				},
				Params: []order.Param{{Name: "city", Value: "Berlin"}},
			},
			Lines: []order.Line{{Index: 3, Role: 0, Type: 8, Text: "Hello 😀", NodeID: "n1", NodeDesc: "greeting", SpokenAt: 1760000006000}},
		}},
	}
}

func decodeOne(t *testing.T, entry string) *order.Answer {
	t.Helper()
	a, err := decodeEntries(order.Ref{Task: "t", ID: "o1"}, []string{entry})
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	return a
}

func wantEqual(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestDecodeFullEntry(t *testing.T) { wantEqual(t, decodeOne(t, fullEntry), fullAnswer()) }

// inCall puts fields into the one call of an entry.
func inCall(fields string) string { return `{"orderID":"o1","callInfoDetailList":[{` + fields + `}]}` }

func TestDecodeCall(t *testing.T) {
	none := order.Call{Status: order.NoStatus}
	with := func(change func(*order.Call)) order.Call {
		c := none
		change(&c)
		return c
	}
	lines := func(lines ...order.Line) order.Call { return with(func(c *order.Call) { c.Lines = lines }) }
	params := func(params ...order.Param) order.Call { return with(func(c *order.Call) { c.Params = params }) }
	intents := func(intents ...order.Intent) order.Call { return with(func(c *order.Call) { c.Intents = intents }) }
	for _, tc := range []struct {
		name, fields string
		want         order.Call
	}{
		{"nothing", ``, none},
		{"unknown fields", `"new":1,"agent2":{"agentName":"x"},"list":[{}]`, none},

		{"text from a number", `"callID":12345678901234567890`, with(func(c *order.Call) { c.ID = "12345678901234567890" })},
		{"text from a boolean", `"hangupCause":false`, with(func(c *order.Call) { c.HangupCause = "false" })},
		{"text that is empty", `"hangupCause":""`, none},
		{"text with escapes", `"hangupCause":"a\"\\\/\n\u00e4\u0000"`, with(func(c *order.Call) { c.HangupCause = "a\"\\/\nä\x00" })},
		{"half of a surrogate pair", `"hangupCause":"a\ud83db"`, with(func(c *order.Call) { c.HangupCause = "a\uFFFDb" })},
		{"invalid UTF-8", "\"hangupCause\":\"a\xff\xfeb\xe8\"", with(func(c *order.Call) { c.HangupCause = "a\uFFFDb\uFFFD" })},

		{"number from a string", `"callStatus":"6"`, with(func(c *order.Call) { c.Status = 6 })},
		{"number with a fraction of zero", `"callStatus":6.0`, with(func(c *order.Call) { c.Status = 6 })},
		{"number with an exponent", `"callStatus":1e1`, with(func(c *order.Call) { c.Status = 10 })},
		{"number from an empty string", `"callStatus":"","callDuration":""`, none},
		{"a duration of zero is not none", `"callDuration":0`, with(func(c *order.Call) { c.DurationSeconds = order.Some(0) })},
		{"an unknown status", `"callStatus":99`, with(func(c *order.Call) { c.Status = 99 })},

		{"time in seconds", `"callStartTs":99999999999`, with(func(c *order.Call) { c.StartedAt = 99999999999000 })},
		{"time in milliseconds", `"callStartTs":100000000000`, with(func(c *order.Call) { c.StartedAt = 100000000000 })},
		{"time from a string", `"callStartTs":"1760000000"`, with(func(c *order.Call) { c.StartedAt = 1760000000000 })},
		{"time as a float", `"callStartTs":1.76e9`, with(func(c *order.Call) { c.StartedAt = 1760000000000 })},
		{"no time: 0", `"callStartTs":0`, none},
		{"no time: negative", `"callStartTs":-1`, none},
		{"no time: empty", `"callStartTs":""`, none},

		{"intents as one object", `"intents":{"intentID":7}`, intents(order.Intent{ID: "7"})},
		{"intents that say nothing", `"intents":[{},{"intentID":null},null,{"intentTag":"B"}]`, intents(order.Intent{Tag: "B"})},
		{"intents as an empty object", `"intents":{}`, none},
		{"sms as one object", `"sms":{"smsSendTs":"4"}`, with(func(c *order.Call) { c.SMS = []order.SMS{{State: order.Some(4)}} })},
		{"sms that is not sent", `"sms":[{"smsSendTs":0}]`, with(func(c *order.Call) { c.SMS = []order.SMS{{State: order.Some(0)}} })},

		{"agent null", `"agent":null`, none},
		{"agent empty", `"agent":{}`, none},
		{"agent all null", `"agent":{"agentName":null,"agentGroup":null,"agentCallStatus":null,"agentCallElapsed":null,"agentLabel":null,` +
			`"manualCallStart":null,"manualCallAnswer":null,"manualCallEnd":null,"manualHangupBy":null}`, none},
		{"agent an empty string", `"agent":""`, none},

		{"params as an object", `"params":{"b":"2","a":1,"c":null,"d":true}`, params(order.Param{Name: "b", Value: "2"},
			order.Param{Name: "a", Value: "1"}, order.Param{Name: "c"}, order.Param{Name: "d", Value: "true"})},
		{
			"params with a name twice", `"params":[{"name":"a","value":"1"},{"name":"b","value":"2"},{"name":"a","value":"3"}]`,
			params(order.Param{Name: "a", Value: "3"}, order.Param{Name: "b", Value: "2"}),
		},
		{"params as an object with a name twice", `"params":{"a":"1","a":"2"}`, params(order.Param{Name: "a", Value: "2"})},
		{"params that say nothing", `"params":[{},null,{"name":null}]`, none},
		{"params without a value", `"params":[{"name":"a"}]`, params(order.Param{Name: "a"})},
		{"params empty", `"params":[]`, none},

		{"a line with nothing", `"recordDetail":[{}]`, lines(order.Line{Role: order.NoCode, Type: order.NoCode})},
		{"lines without an index", `"recordDetail":[{"recordWord":"a"},null,{"recordWord":"b","recordIndex":null}]`, lines(
			order.Line{Index: 0, Role: order.NoCode, Type: order.NoCode, Text: "a"},
			order.Line{Index: 1, Role: order.NoCode, Type: order.NoCode, Text: "b"})},
		{"lines without an index beside one that has it", `"recordDetail":[{"recordWord":"a"},{"recordWord":"b","recordIndex":5},{"recordWord":"c","recordIndex":null},{"recordWord":"d"}]`, lines(
			order.Line{Index: 4, Role: order.NoCode, Type: order.NoCode, Text: "a"},
			order.Line{Index: 5, Role: order.NoCode, Type: order.NoCode, Text: "b"},
			order.Line{Index: 6, Role: order.NoCode, Type: order.NoCode, Text: "c"},
			order.Line{Index: 7, Role: order.NoCode, Type: order.NoCode, Text: "d"})},
		{"a line of role 0", `"recordDetail":[{"recordRole":0,"recordType":"5"}]`, lines(order.Line{Role: 0, Type: 5})},

		{"a name that comes twice", `"callID":"a","callID":"b","recordDetail":[{}],"recordDetail":null`, with(func(c *order.Call) { c.ID = "b" })},
		{"an escaped name", `"call\u0049D":"a"`, with(func(c *order.Call) { c.ID = "a" })},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := decodeOne(t, inCall(tc.fields))
			if len(a.Calls) != 1 {
				t.Fatalf("%d calls", len(a.Calls))
			}
			wantEqual(t, a.Calls[0], tc.want)
		})
	}
}

func TestDecodeOrder(t *testing.T) {
	ref := order.Ref{Task: "t", ID: "o1"}
	for _, tc := range []struct {
		name, entry string
		want        order.Answer
	}{
		{"nothing", `{}`, order.Answer{Ref: ref}},
		{"the asked-for names stay", `{"orderID":1,"userTaskID":""}`, order.Answer{Ref: ref}},
		{"finish true as text", `{"finish":"true"}`, order.Answer{Ref: ref, Finished: true}},
		{"finish 1", `{"finish":1}`, order.Answer{Ref: ref, Finished: true}},
		{"finish 1 as text", `{"finish":"1"}`, order.Answer{Ref: ref, Finished: true}},
		{"finish false as text", `{"finish":"false"}`, order.Answer{Ref: ref}},
		{"finish 0", `{"finish":0}`, order.Answer{Ref: ref}},
		{"finish 0 as text", `{"finish":"0"}`, order.Answer{Ref: ref}},
		{"finish empty", `{"finish":""}`, order.Answer{Ref: ref}},
		{"other as an object", `{"other":{"a": [1,"\u00e4"]}}`, order.Answer{Ref: ref, Info: order.Info{Passthrough: `{"a": [1,"\u00e4"]}`}}},
		{"other as a list", `{"other":[1]}`, order.Answer{Ref: ref, Info: order.Info{Passthrough: `[1]`}}},
		{"other as a number", `{"other":1.50}`, order.Answer{Ref: ref, Info: order.Info{Passthrough: `1.50`}}},
		{"phone as a number", `{"userPhone":15500001111}`, order.Answer{Ref: ref, Info: order.Info{UserPhone: `15500001111`}}},
		{"calls null", `{"callInfoDetailList":null}`, order.Answer{Ref: ref}},
		{"a null call", `{"callInfoDetailList":[null,{}]}`, order.Answer{Ref: ref, Calls: []order.Call{{Status: order.NoStatus}}}},
	} {
		t.Run(tc.name, func(t *testing.T) { wantEqual(t, decodeOne(t, tc.entry), &tc.want) })
	}
}

func TestDecodeWrongValue(t *testing.T) {
	for _, tc := range []struct{ name, fields, want string }{
		{"status a word", `"callStatus":"secret"`, "callStatus: want a number, found a string of something else"},
		{"status a boolean", `"callStatus":true`, "callStatus: want a number, found a boolean"},
		{"status a fraction", `"callStatus":6.5`, "callStatus: want a number, found a fraction"},
		{"status a fraction as text", `"callStatus":"6.5"`, "callStatus: want a number, found a fraction"},
		{"status over 32 bits", `"callStatus":2147483648`, "callStatus: want a number, found one too large"},
		{"status far under 32 bits", `"callStatus":-99999999999`, "callStatus: want a number, found one too large"},
		{"status over 64 bits", `"callStatus":1e400`, "callStatus: want a number, found one too large"},
		{"status in hex", `"callStatus":"0x6"`, "callStatus: want a number, found a string of something else"},
		{"status not a number", `"callStatus":"NaN"`, "callStatus: want a number, found a string of something else"},
		{"status with an underscore", `"callStatus":"1_0"`, "callStatus: want a number, found a string of something else"},
		{"status of signs alone", `"callStatus":"-"`, "callStatus: want a number, found a string of something else"},
		{"a list where a number belongs", `"callDuration":[6]`, "callDuration: want a number, found a list"},
		{"a date", `"callStartTs":"2026-01-01 10:00"`, "callStartTs: want a time in seconds or milliseconds, found a string of something else"},
		{"microseconds", `"callStartTs":1760000000000000`, "callStartTs: want a time in seconds or milliseconds, found one too large"},
		{"a param's object", `"params":{"a":"1","13800138000":{}}`, "params[1]: want a string, found an object"},
		{"a list's number", `"intents":[{},5]`, "intents[1]: want an object, found a number"},
		{"an object for an unbroken list", `"recordDetail":{"recordWord":"secret"}`, "recordDetail: want a list, found an object"},
	} {
		t.Run(tc.name, func(t *testing.T) { wantDecodeError(t, inCall(tc.fields), "callInfoDetailList[0]."+tc.want) })
	}
	wantDecodeError(t, `{"finish":2}`, "finish: want a boolean, found a number other than 0 and 1")
	wantDecodeError(t, `{"finish":"yes"}`, "finish: want a boolean, found a string of something else")
	wantDecodeError(t, `{"callInfoDetailList":[5]}`, "callInfoDetailList[0]: want an object, found a number")
}

func wantDecodeError(t *testing.T, entry, want string) {
	t.Helper()
	a, err := decodeEntries(order.Ref{Task: "t", ID: "o1"}, []string{entry})
	if err == nil {
		t.Fatalf("%s: decoded to %+v, want error %q", entry, a, want)
	}
	if err.Error() != want {
		t.Errorf("%s:\ngot  %s\nwant %s", entry, err, want)
	}
}

// TestDecodeEachField turns each value of a full entry into null, which must read
// as if it were left out, and into one of a wrong type.
func TestDecodeEachField(t *testing.T) {
	kinds := map[string]string{}
	for kind, names := range map[string]string{
		"a string": "userTaskID taskID sceneID userPhone userName callID callingNumber lineAddress callAudioUrl hangupCause termSipCode " +
			"intentID intentTag intentName sysMessageID smsContent name value agentName agentGroup agentLabel recordWord nodeID nodeDesc",
		"a number":                          "callStatus callDuration smsSendTs agentCallStatus agentCallElapsed manualHangupBy recordIndex recordRole recordType",
		"a boolean":                         "finish",
		"a time in seconds or milliseconds": "callStartTs callAnswerTs callEndTs manualCallStart manualCallAnswer manualCallEnd createTs",
		"an object":                         "agent",
		"a list":                            "callInfoDetailList intents sms params recordDetail",
	} {
		for name := range strings.FieldsSeq(names) {
			kinds[name] = kind
		}
	}
	var whole any
	if err := json.Unmarshal([]byte(fullEntry), &whole); err != nil {
		t.Fatal(err)
	}
	entry := func() string {
		raw, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	tried := map[string]bool{}
	var each func(v any, path string)
	each = func(v any, path string) {
		switch v := v.(type) {
		case map[string]any:
			for name, value := range v {
				v[name] = nil
				decodeOne(t, entry())
				if kind, ok := kinds[name]; ok {
					var found string
					v[name], found = map[string]int{"secret": 1}, "an object"
					if kind == "a list" || kind == "an object" {
						v[name], found = "secret", "a string"
					}
					wantDecodeError(t, entry(), path+name+": want "+kind+", found "+found)
					tried[name] = true
				}
				v[name] = value
				each(value, path+name+".")
			}
		case []any:
			for i, value := range v {
				v[i] = nil
				decodeOne(t, entry())
				v[i] = value
				each(value, fmt.Sprintf("%s[%d].", strings.TrimSuffix(path, "."), i))
			}
		}
	}
	each(whole, "")
	if len(tried) != len(kinds) {
		t.Errorf("%d fields tried of %d", len(tried), len(kinds))
	}
}

func TestDecodeTwoEntries(t *testing.T) {
	a, err := decodeEntries(order.Ref{Task: "t", ID: "o1"}, []string{
		`{"finish":false,"callInfoDetailList":[{"callID":"c1","callStatus":6},{"callID":"c2","callStatus":3}]}`,
		`{"finish":true,"callInfoDetailList":[{"callID":"c1","callStatus":5},{"callID":"c2","callStatus":10}]}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]order.Status{}
	for _, c := range a.Calls {
		got[c.ID] = c.Status
	}
	wantEqual(t, got, map[string]order.Status{"c1": 6, "c2": 10})
	if !a.Finished {
		t.Error("not finished")
	}
	var failed *fieldError
	if _, err := decodeEntries(order.Ref{}, []string{`{}`, `{"finish":{}}`}); !errors.As(err, &failed) {
		t.Errorf("the second entry's error is lost: %v", err)
	}
}
