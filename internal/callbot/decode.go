package callbot

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"callstream/internal/order"
)

// decodeEntries reads all of an answer's entries for one order.
func decodeEntries(ref order.Ref, entries []string) (*order.Answer, error) {
	answers := make([]*order.Answer, len(entries))
	for i, raw := range entries {
		var err error
		if answers[i], err = decodeEntry(ref, raw); err != nil {
			return nil, err
		}
	}
	return order.MergeAnswers(answers...), nil
}

// decodeEntry reads one entry of orderDetailList, valid JSON.
//
// The answer's texts are pieces of one copy of raw, so that a text that is
// kept holds on to its own order's bytes, not to the whole answer. Bytes that
// are no UTF-8 can only stand inside JSON strings, so they are mended before
// these are taken apart.
func decodeEntry(ref order.Ref, raw string) (*order.Answer, error) {
	if utf8.ValidString(raw) { // faster than ToValidUTF8, and nearly always so
		raw = strings.Clone(raw)
	} else {
		raw = strings.ToValidUTF8(raw, "\uFFFD")
	}
	a := &order.Answer{Ref: ref}
	var otherTask string // the caller compared it
	failed := eachField(gjson.Result{Type: gjson.JSON, Raw: raw}, func(name string, v gjson.Result) *fieldError {
		switch name {
		case "userTaskID":
			return text(v, &otherTask)
		case "taskID":
			return text(v, &a.TaskID)
		case "sceneID":
			return text(v, &a.SceneID)
		case "userPhone":
			return text(v, &a.UserPhone)
		case "userName":
			return text(v, &a.UserName)
		case "finish":
			return boolean(v, &a.Finished)
		case "other":
			return anything(v, &a.Passthrough)
		case "callInfoDetailList":
			a.Calls = nil // a name that comes twice: the last one counts
			return eachEntry(v, func(v gjson.Result) *fieldError {
				a.Calls = append(a.Calls, order.Call{Status: order.NoStatus})
				return decodeCall(v, &a.Calls[len(a.Calls)-1])
			})
		}
		return nil
	})
	if failed != nil {
		return nil, failed
	}
	return a, nil
}

func decodeCall(v gjson.Result, c *order.Call) *fieldError {
	return eachField(v, func(name string, v gjson.Result) *fieldError {
		switch name {
		case "callID":
			return text(v, &c.ID)
		case "callingNumber":
			return text(v, &c.CallingNumber)
		case "lineAddress":
			return text(v, &c.LineAddress)
		case "callStatus":
			return code(v, &c.Status)
		case "callStartTs":
			return moment(v, &c.StartedAt)
		case "callAnswerTs":
			return moment(v, &c.AnsweredAt)
		case "callEndTs":
			return moment(v, &c.EndedAt)
		case "callDuration":
			return number(v, &c.DurationSeconds)
		case "callAudioUrl":
			return text(v, &c.RecordingURL)
		case "hangupCause":
			return text(v, &c.HangupCause)
		case "termSipCode":
			return text(v, &c.SIPCode)
		case "intents":
			return decodeList(v, &c.Intents, intentField)
		case "sms":
			return decodeList(v, &c.SMS, smsField)
		case "agent":
			return decodeAgent(v, &c.Agent)
		case "params":
			return decodeParams(v, &c.Params)
		case "recordDetail":
			return decodeLines(v, &c.Lines)
		}
		return nil
	})
}

func intentField(intent *order.Intent, name string, v gjson.Result) *fieldError {
	switch name {
	case "intentID":
		return text(v, &intent.ID)
	case "intentTag":
		return text(v, &intent.Tag)
	case "intentName":
		return text(v, &intent.Name)
	}
	return nil
}

func smsField(sms *order.SMS, name string, v gjson.Result) *fieldError {
	switch name {
	case "sysMessageID":
		return text(v, &sms.MessageID)
	case "smsSendTs": // a state, whatever its name says
		return number(v, &sms.State)
	case "smsContent":
		return text(v, &sms.Content)
	}
	return nil
}

func paramField(p *order.Param, name string, v gjson.Result) *fieldError {
	switch name {
	case "name":
		return text(v, &p.Name)
	case "value":
		return text(v, &p.Value)
	}
	return nil
}

// decodeList reads a list, which may come as its only entry. Entries that say
// nothing are left out: an empty object is how some answers spell an empty list.
func decodeList[T comparable](v gjson.Result, to *[]T, field func(to *T, name string, v gjson.Result) *fieldError) *fieldError {
	*to = nil
	read := func(v gjson.Result) *fieldError {
		var entry, nothing T
		failed := eachField(v, func(name string, v gjson.Result) *fieldError { return field(&entry, name, v) })
		if entry != nothing {
			*to = append(*to, entry)
		}
		return failed
	}
	if v.IsObject() {
		return read(v)
	}
	return eachEntry(v, read)
}

func decodeAgent(v gjson.Result, to *order.Agent) *fieldError {
	*to = order.Agent{}
	return eachField(v, func(name string, v gjson.Result) *fieldError {
		switch name {
		case "agentName":
			return text(v, &to.Name)
		case "agentGroup":
			return text(v, &to.Group)
		case "agentLabel":
			return text(v, &to.Label)
		case "agentCallStatus":
			return number(v, &to.Status)
		case "agentCallElapsed":
			return number(v, &to.TalkSeconds)
		case "manualCallStart":
			return moment(v, &to.StartedAt)
		case "manualCallAnswer":
			return moment(v, &to.AnsweredAt)
		case "manualCallEnd":
			return moment(v, &to.EndedAt)
		case "manualHangupBy":
			return number(v, &to.HungUpBy)
		}
		return nil
	})
}

// decodeParams reads a list of {name, value}, or an object of them. Of a name
// that comes twice the last value counts, in the first one's place.
func decodeParams(v gjson.Result, to *[]order.Param) (failed *fieldError) {
	var all []order.Param
	if v.IsObject() {
		v.ForEach(func(name, v gjson.Result) bool {
			p := order.Param{Name: name.Str}
			failed = text(v, &p.Value).in(entryName(len(all))) // a name is foreign text: an error names the place
			all = append(all, p)
			return failed == nil
		})
	} else {
		failed = decodeList(v, &all, paramField)
	}
	*to = nil
	places := map[string]int{}
	for _, p := range all {
		if place, ok := places[p.Name]; ok {
			(*to)[place].Value = p.Value
			continue
		}
		places[p.Name] = len(*to)
		*to = append(*to, p)
	}
	return failed
}

func decodeLines(v gjson.Result, to *[]order.Line) *fieldError {
	const someLines = 16 // saves growing; a call has some 20
	*to = nil
	err := eachEntry(v, func(v gjson.Result) *fieldError {
		if *to == nil {
			*to = make([]order.Line, 0, someLines)
		}
		*to = append(*to, order.Line{Index: noIndex, Role: order.NoCode, Type: order.NoCode})
		line := &(*to)[len(*to)-1]
		return eachField(v, func(name string, v gjson.Result) *fieldError {
			switch name {
			case "recordWord":
				return text(v, &line.Text)
			case "recordIndex":
				return code(v, &line.Index)
			case "recordRole":
				return code(v, &line.Role)
			case "recordType":
				return code(v, &line.Type)
			case "nodeID":
				return text(v, &line.NodeID)
			case "nodeDesc":
				return text(v, &line.NodeDesc)
			case "createTs":
				return moment(v, &line.SpokenAt)
			}
			return nil
		})
	})
	fillIndexes(*to)
	return err
}

// noIndex stands for a recordIndex left out, until fillIndexes.
const noIndex = math.MinInt

// fillIndexes gives each line without an index the one its neighbours call for.
// The vendor may show the index later, and the line must then be recognised: of
// the lines (none, 5, none) the first is 4 and the last is 6. Counting them 0, 1,
// 2 would announce them a second time.
func fillIndexes(lines []order.Line) {
	first := 0
	for first < len(lines) && lines[first].Index == noIndex {
		first++
	}
	for i := range lines {
		switch {
		case lines[i].Index != noIndex:
		case i > first:
			lines[i].Index = lines[i-1].Index + 1
		case first < len(lines):
			lines[i].Index = lines[first].Index - (first - i)
		default:
			lines[i].Index = i // none has one
		}
	}
}
