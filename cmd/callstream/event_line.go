package main

import (
	"fmt"
	"strings"

	"github.com/fatih/color"

	"callstream/internal/avro"
	"callstream/internal/record"
	"callstream/internal/request"
)

// eventLine is one line for a person: what happened to which call. Colours are
// left out where the output is no terminal.
func eventLine(d avro.Decoded) string {
	v := func(name string) string {
		if d.Values[name] == nil {
			return ""
		}
		return fmt.Sprint(d.Values[name])
	}
	at := v("observedAt")
	if len(at) >= 19 {
		at = at[11:19]
	}
	who := fmt.Sprintf("%s %s call %s", at, v("orderID"), v("attempt"))
	switch d.Name {
	case "CallStatusChanged":
		previous := v("previousStatus")
		if previous != "" {
			previous += " → "
		}
		return color.CyanString("status    ") + fmt.Sprintf(" %s  %s%s", who, previous, color.New(color.Bold).Sprint(v("status")))
	case "CallCompleted":
		return color.GreenString("completed ") + " " + who + "  " + completedText(d, v)
	case "TranscriptLine":
		return color.YellowString("transcript") + fmt.Sprintf(" %s  %s: %s%s", who, v("role"), v("text"), corrected(v("revision")))
	}
	return fmt.Sprintf("%-10s %s", strings.ToLower(d.Name), who)
}

func completedText(d avro.Decoded, v func(string) string) string {
	text := color.New(color.Bold).Sprint(v("outcome"))
	if s := v("durationSeconds"); s != "" && s != "0" {
		text += " " + s + " s"
	}
	if n := v("transcriptLines"); n != "0" {
		text += ", " + n + " lines"
	}
	if v("recordingURL") != "" {
		text += ", recorded"
	}
	if agent := v("agentName"); agent != "" {
		text += ", agent " + agent
	}
	if v("revision") != "1" {
		text += fmt.Sprintf("  (revision %s: %v)", v("revision"), d.Values["changedFields"])
	}
	return text
}

func corrected(revision string) string {
	if revision == "1" {
		return ""
	}
	return "  (revision " + revision + ")"
}

// plainLine is a line for a record that is no Avro: a request, or a dead letter
// and why it is one.
func plainLine(topic string, r record.Record) string {
	line := fmt.Sprintf("%s/%d/%d %s", topic, r.Partition, r.Offset, r.Value)
	if l, err := request.ReadDeadLetter(&r); err == nil {
		line += fmt.Sprintf("  reason=%s  detail=%s", l.Reason, l.Detail)
	}
	return line
}
