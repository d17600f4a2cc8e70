package simulator

import (
	"bufio"
	"encoding/json"
	"errors"
	"net/http"
)

func (s *Simulator) routes() *http.ServeMux {
	m := http.NewServeMux()
	m.HandleFunc("POST /callcentre/api/v3/listOrderDetail", s.serve(s.details))
	m.HandleFunc("POST /callcentre/api/v3/listOrder", s.serve(s.list))
	m.HandleFunc("GET /sim/faults", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Faults()) })
	// The whole set: what is not named is off.
	m.HandleFunc("PUT /sim/faults", func(w http.ResponseWriter, r *http.Request) { s.changeFaults(w, r, Faults{}) })
	// The fields that are named.
	m.HandleFunc("POST /sim/faults", func(w http.ResponseWriter, r *http.Request) { s.changeFaults(w, r, s.Faults()) })
	m.HandleFunc("GET /sim/stats", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Stats()) })
	m.HandleFunc("GET /sim/truth", s.getTruth)
	if s.campaign != nil {
		s.routeCampaign(m)
	}
	return m
}

// changeFaults takes f over, changed by the fields that a request names.
func (s *Simulator) changeFaults(w http.ResponseWriter, r *http.Request, f Faults) {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(&f)
	if err == nil && d.More() {
		err = errors.New("read faults: more than one JSON value")
	}
	if err == nil {
		err = s.SetFaults(f)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeJSON(w, s.Faults())
}

// getTruth streams a line of JSON an order.
func (s *Simulator) getTruth(w http.ResponseWriter, r *http.Request) {
	final := r.URL.Query().Get("final") == "true"
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := bufio.NewWriterSize(w, 1<<16)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for _, order := range s.answeredOrders() {
		st, rec := s.look(order)
		if enc.Encode(s.truth(st, rec, s.config.Now(), final)) != nil {
			return // the client left
		}
	}
	_ = out.Flush() // fails only for a client that left
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // fails only for a client that left
}
