package simulator

import (
	"bufio"
	"encoding/json"
	"iter"
	"net/http"
	"time"
)

// Change is something that happened in a campaign.
type Change struct {
	Task    string `json:"task"`
	Order   string `json:"order"`
	Attempt int    `json:"attempt"`
	CallID  string `json:"callID"`
	// What is dialing, ringing, in-call, ended, line or recording.
	What string `json:"what"`
	// Index is a line's recordIndex; 0 for all else.
	Index int   `json:"index"`
	At    int64 `json:"at"` // Unix milliseconds
}

// stages names what a status of a campaign's call means for it.
var stages = map[int]string{3: "dialing", 4: "ringing", 5: "in-call", statusAnswered: "ended", statusUnreached: "ended"}

// CampaignTruth are all changes that have happened by now: task by task, order by
// order, call by call, each call's statuses before its lines and its recording.
// None without a campaign.
func (s *Simulator) CampaignTruth() iter.Seq[Change] {
	return func(yield func(Change) bool) {
		if s.campaign == nil {
			return
		}
		now := s.config.Now()
		origin := s.campaign.origin(now).UnixMilli()
		for _, d := range s.campaign.list {
			calls, until := s.campaign.snapshot(d, now)
			for order := range calls {
				if !s.campaign.changes(d, order, calls[order], origin, until, yield) {
					return
				}
			}
		}
	}
}

// changes yields what an order went through until a moment, and reports whether
// more is wanted.
func (c *campaign) changes(d *dialer, order int, calls []placedCall, origin int64, until time.Duration, yield func(Change) bool) bool {
	for i, k := range calls {
		r := c.round(d, order, i+1, k.start, k.line)
		tell := func(what string, index int, at time.Duration) bool {
			return at > until || yield(Change{d.task, d.ids[order], i + 1, r.id, what, index, origin + at.Milliseconds()})
		}
		for _, st := range r.steps {
			if !tell(stages[st.code], 0, st.at) {
				return false
			}
		}
		for _, l := range r.lines {
			if !tell("line", l.index, l.at) {
				return false
			}
		}
		if r.audioAt > 0 && !tell("recording", 0, r.audioAt) {
			return false
		}
	}
	return true
}

// routeCampaign adds the control paths of a campaign.
func (s *Simulator) routeCampaign(m *http.ServeMux) {
	m.HandleFunc("POST /sim/campaign/start", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, map[string]int64{"startedAt": s.StartCampaign().UnixMilli()})
	})
	m.HandleFunc("GET /sim/campaign/truth", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		out := bufio.NewWriterSize(w, 1<<16)
		enc := json.NewEncoder(out)
		for change := range s.CampaignTruth() {
			if enc.Encode(change) != nil {
				return // the client left
			}
		}
		_ = out.Flush() // fails only for a client that left
	})
}
