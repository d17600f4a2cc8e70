package order

import (
	"testing"
)

func TestValues(t *testing.T) {
	const first = "c status 1: 6 end; c completed 1: 6"
	final := func(options ...callOption) *Answer { return done(call("c", 6, options...)) }
	for name, steps := range map[string][]step{
		"what arrives after the end is a revision": {
			{show: final(), want: first},
			{show: final(recording("r")), want: "c completed 2: 6 [recordingURL]"},
			{show: final(recording("r"), lasted(3)), want: "c completed 3: 6 [durationSeconds]"},
			{show: final(recording("r"), lasted(3))},
		},
		"what arrives before the end comes with the next status": {
			{show: on(call("c", 3)), want: "c status 1: 3"},
			{show: on(call("c", 3, number("1"), recording("r")))},
			{show: final(number("1"), recording("r")), want: "c status 2: 3>6 end; c completed 1: 6"},
		},
		"a number that is 0 is there": {
			{show: final(), want: first},
			{show: final(lasted(0)), want: "c completed 2: 6 [durationSeconds]"},
		},
		"a correction is announced when it was seen twice, and forgotten where not": {
			{show: final(lasted(3)), want: first},
			{show: final(lasted(4)), again: true},
			{show: final(lasted(3))},
			{show: final(lasted(4)), again: true},
			{show: final(lasted(5)), again: true},
			{show: final(lasted(4)), again: true},
			{show: final(lasted(4)), want: "c completed 2: 6 [durationSeconds]"},
			{show: final(lasted(4))},
		},
		"an arrival does not wait for a correction, nor end its waiting": {
			{show: final(lasted(3)), want: first},
			{show: final(lasted(4), recording("r")), want: "c completed 2: 6 [recordingURL]", again: true},
			{show: final(lasted(4), recording("r")), want: "c completed 3: 6 [durationSeconds]"},
		},
		"a value that turns empty is stale": {
			{show: final(lasted(3), recording("r"), number("1"), ended(9)), want: first},
			{show: final(), stale: 4},
			{show: final(lasted(3), recording("r"), number("1"), ended(9))},
		},
		"a correction before the end waits for the next status, seen twice once and for all": {
			{show: on(call("c", 3, number("1"))), want: "c status 1: 3"},
			{show: on(call("c", 3, number("2"))), again: true},
			{show: on(call("c", 3, number("2")))},
			{show: on(call("c", 3, number("2")))},
			{show: on(call("c", 4, number("2"))), want: "c status 2: 3>4"},
			{show: final(number("2")), want: "c status 3: 4>6 end; c completed 1: 6"},
		},
		"recording URLs that differ in the query are equal": {
			{show: final(recording("r?sign=1")), want: first},
			{show: final(recording("r?sign=2"))},
			{show: final(recording("r"))},
			{show: final(recording("r#t=1"))},
		},
		"another recording is a correction, whatever its query": {
			{show: final(recording("r?sign=1")), want: first},
			{show: final(recording("other?sign=2")), again: true},
			{show: final(recording("other?sign=3")), want: "c completed 2: 6 [recordingURL]"},
			{show: final(recording("other?sign=4"))},
		},
		"every time and text of a call is compared": {
			{show: final(), want: first},
			{show: final(details(func(d *Details) {
				d.CallingNumber, d.LineAddress, d.HangupCause, d.SIPCode = "1", "2", "3", "4"
				d.StartedAt, d.AnsweredAt, d.EndedAt = 1000, 4000, 9000
			})), want: "c completed 2: 6 [callingNumber lineAddress startedAt answeredAt endedAt ringSeconds hangupCause sipCode]"},
		},
	} {
		t.Run(name, func(t *testing.T) { tell(t, steps...) })
	}
}

func TestSteps(t *testing.T) {
	const first = "c status 1: 6 end; c completed 1: 6"
	sms := func(state int64) *Answer {
		return done(call("c", 6, messages(SMS{MessageID: "m", State: Some(state), Content: "x"})))
	}
	status := func(code int64) *Answer { return done(call("c", 6, agent(Agent{Status: Some(code)}))) }
	hungUp := func(code int64) *Answer { return done(call("c", 6, agent(Agent{HungUpBy: Some(code)}))) }
	for name, steps := range map[string][]step{
		"an SMS moves on at once": {
			{show: sms(0), want: first},
			{show: sms(1), want: "c completed 2: 6 [sms]"},
			{show: sms(2), want: "c completed 3: 6 [sms]"},
			{show: sms(4), want: "c completed 4: 6 [sms]"},
		},
		"an SMS that goes back is stale": {
			{show: sms(4), want: first},
			{show: sms(2), stale: 1},
			{show: sms(3), stale: 1},
			{show: sms(0), stale: 1},
		},
		"the two ends of sending correct each other": {
			{show: sms(3), want: first},
			{show: sms(2), again: true},
			{show: sms(2), want: "c completed 2: 6 [sms]"},
		},
		"an SMS state that is not in the table is a correction": {
			{show: sms(4), want: first},
			{show: sms(77), again: true},
			{show: sms(77), want: "c completed 2: 6 [sms]"},
			{show: sms(1), again: true},
		},
		"an SMS loses neither state nor text": {
			{show: sms(1), want: first},
			{show: done(call("c", 6, messages(SMS{MessageID: "m"}))), stale: 2},
		},
		"the agent moves on at once": {
			{show: status(1), want: first},
			{show: status(2), want: "c completed 2: 6 [agentStatus agentStatusCode]"},
			{show: status(3), want: "c completed 3: 6 [agentStatus agentStatusCode]"},
			{show: status(12), want: "c completed 4: 6 [agentStatus agentStatusCode]"},
		},
		"the agent going back is stale": {
			{show: status(10), want: first},
			{show: status(3), stale: 1},
			{show: status(1), stale: 1},
		},
		"the agent's ends correct each other": {
			{show: status(4), want: first},
			{show: status(10), again: true},
			{show: status(10), want: "c completed 2: 6 [agentStatus agentStatusCode]"},
		},
		"who hung up becomes known at once": {
			{show: hungUp(0), want: first},
			{show: hungUp(2), want: "c completed 2: 6 [agentHungUpBy]"},
			{show: hungUp(0), stale: 1},
			{show: hungUp(1), again: true},
			{show: hungUp(1), want: "c completed 3: 6 [agentHungUpBy]"},
		},
		"an agent arrives, and does not leave": {
			{show: done(call("c", 6)), want: first},
			{
				show: done(call("c", 6, agent(Agent{
					Name: "Ada", Group: "g", Label: "l", Status: Some(4), TalkSeconds: Some(0),
					StartedAt: 1, AnsweredAt: 2, EndedAt: 3, HungUpBy: Some(0),
				}))),
				want: "c completed 2: 6 [agentName agentGroup agentStatus agentStatusCode agentLabel agentTalkSeconds agentStartedAt agentAnsweredAt agentEndedAt agentHungUpBy]",
			},
			{show: done(call("c", 6)), stale: 9},
		},
	} {
		t.Run(name, func(t *testing.T) { tell(t, steps...) })
	}
}

func TestLists(t *testing.T) {
	const first = "c status 1: 6 end; c completed 1: 6"
	a, b := Intent{ID: "1", Tag: "A", Name: "yes"}, Intent{ID: "2", Tag: "B", Name: "no"}
	bare := Intent{Tag: "C"}
	show := func(list ...Intent) *Answer { return done(call("c", 6, intents(list...))) }
	texts := func(list ...SMS) *Answer { return done(call("c", 6, messages(list...))) }
	named := func(list ...Param) *Answer { return done(call("c", 6, params(list...))) }
	for name, steps := range map[string][]step{
		"an item that comes is announced at once": {
			{show: show(), want: first},
			{show: show(a), want: "c completed 2: 6 [intents]"},
			{show: show(a, b), want: "c completed 3: 6 [intents]"},
			{show: show(a, b)},
		},
		"the order of items is no change, nor is one that disappears": {
			{show: show(a, b), want: first},
			{show: show(b, a)},
			{show: show(b)},
			{show: show(), stale: 1},
		},
		"a corrected item is seen twice": {
			{show: show(a, b), want: first},
			{show: show(Intent{ID: "1", Tag: "Z", Name: "yes"}, b), again: true},
			{show: show(b, Intent{ID: "1", Tag: "Z", Name: "yes"}), want: "c completed 2: 6 [intents]"},
		},
		"what an item lacked arrives at once": {
			{show: show(Intent{ID: "1"}), want: first},
			{show: show(a), want: "c completed 2: 6 [intents]"},
			{show: show(Intent{ID: "1"}), stale: 2},
		},
		"two items of one ID stay two": {
			{show: show(a, Intent{ID: "1", Tag: "again"}), want: first},
			{show: show(a, Intent{ID: "1", Tag: "again"})},
			{show: show(a, Intent{ID: "1", Tag: "again"}, b), want: "c completed 2: 6 [intents]"},
			{show: show(a, Intent{ID: "1", Tag: "again"}, b)},
		},
		"an item without ID is known when those before it disappear": {
			{show: show(a, bare), want: first},
			{show: show(bare)},
			{show: show(bare, b), want: "c completed 2: 6 [intents]"},
			{show: show(bare, b)},
		},
		"an item without ID is corrected in place": {
			{show: show(bare, a), want: first},
			{show: show(Intent{Tag: "D"}, a), again: true},
			{show: show(Intent{Tag: "D"}, a), want: "c completed 2: 6 [intents]"},
		},
		"a message gets its ID when it is sent": {
			{show: texts(SMS{State: Some(0), Content: "x"}, SMS{State: Some(0), Content: "y"}), want: first},
			{show: texts(SMS{"m", Some(1), "x"}, SMS{State: Some(0), Content: "y"}), want: "c completed 2: 6 [sms]"},
			{show: texts(SMS{"m", Some(1), "x"}, SMS{"n", Some(1), "y"}), want: "c completed 3: 6 [sms]"},
			{show: texts(SMS{"m", Some(1), "x"}, SMS{"n", Some(1), "y"})},
			{show: texts(SMS{State: Some(0), Content: "x"}), stale: 1}, // an old answer
		},
		"an old answer, from before a message had its ID": {
			{show: texts(SMS{"m", Some(1), "x"}, SMS{State: Some(0), Content: "y"}), want: first},
			{show: texts(SMS{State: Some(0), Content: "x"}, SMS{State: Some(0), Content: "y"}), stale: 1},
		},
		"a message with another text and an ID is another one": {
			{show: texts(SMS{Content: "x"}), want: first},
			{show: texts(SMS{"m", Some(1), "y"}), want: "c completed 2: 6 [sms]"},
			{show: texts(SMS{"m", Some(1), "y"}, SMS{Content: "x"})},
		},
		"params come, are corrected when seen twice, and stay": {
			{show: named(Param{"p", "1"}), want: first},
			{show: named(Param{"p", "2"}, Param{"q", "1"}), want: "c completed 2: 6 [params]", again: true},
			{show: named(Param{"p", "2"}, Param{"q", "1"}), want: "c completed 3: 6 [params]"},
			{show: named(Param{"p", ""}, Param{"q", "1"}), stale: 1},
			{show: named(), stale: 1},
		},
	} {
		t.Run(name, func(t *testing.T) { tell(t, steps...) })
	}
}

func TestListsKeepTheirItems(t *testing.T) {
	st, _ := tell(t,
		step{
			show: done(call("c", 6, messages(SMS{State: Some(0), Content: "x"}), params(Param{"p", "1"}))),
			want: "c status 1: 6 end; c completed 1: 6",
		},
		step{
			show: done(call("c", 6, messages(SMS{"m", Some(1), "x"}, SMS{"n", Some(2), "y"}), params(Param{"q", "2"}))),
			want: "c completed 2: 6 [sms params]",
		},
	)
	got := jsonOf(st.Calls[0].Completion.Details)
	want := jsonOf(Details{
		SMS:    []SMS{{"m", Some(1), "x"}, {"n", Some(2), "y"}},
		Params: []Param{{"p", "1"}, {"q", "2"}},
	})
	if got != want {
		t.Errorf("announced\n%s\nwant\n%s", got, want)
	}
}

func TestRingSeconds(t *testing.T) {
	for name, c := range map[string]struct {
		call CallCompleted
		want Opt
	}{
		"answered: until the answer":      {CallCompleted{Status: 6, Details: Details{Leg: Leg{StartedAt: 1000, AnsweredAt: 4999, EndedAt: 9000}}}, Some(3)},
		"not answered: until the end":     {CallCompleted{Status: 22, Details: Details{Leg: Leg{StartedAt: 1000, AnsweredAt: 4000, EndedAt: 9000}}}, Some(8)},
		"no start":                        {CallCompleted{Status: 6, Details: Details{Leg: Leg{AnsweredAt: 4000}}}, Opt{}},
		"answered without an answer time": {CallCompleted{Status: 6, Details: Details{Leg: Leg{StartedAt: 1000, EndedAt: 9000}}}, Opt{}},
		"backwards":                       {CallCompleted{Status: 22, Details: Details{Leg: Leg{StartedAt: 2000, EndedAt: 1000}}}, Opt{}},
		"at once":                         {CallCompleted{Status: 6, Details: Details{Leg: Leg{StartedAt: 2000, AnsweredAt: 2000}}}, Some(0)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.call.RingSeconds(); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
