package simulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"
)

// listing is an order as listOrder knows it.
type listing struct {
	id       string
	status   int  // of its last call; 0 = no call yet
	finished bool // the API's finish
}

// roster yields the orders of a task that exist at a moment, always in the same
// order, so that pages hang together.
type roster func(task string, now time.Time) iter.Seq[listing]

// askedFor is the roster of the orders that were ever asked for, by their IDs.
func (s *Simulator) askedFor(task string, now time.Time) iter.Seq[listing] {
	type remembered struct {
		ref
		record
	}
	var orders []remembered
	s.mu.Lock()
	for r, rec := range s.orders {
		if r.task == task {
			orders = append(orders, remembered{r, *rec})
		}
	}
	unknown := s.faults.UnknownStatus
	s.mu.Unlock()
	slices.SortFunc(orders, func(a, b remembered) int { return cmp.Compare(a.order, b.order) })
	return func(yield func(listing) bool) {
		for i := range orders {
			st := s.tell(orders[i].ref)
			if st.nonexistent {
				continue
			}
			version := s.versionAt(st, &orders[i].record, now)
			if version < 0 {
				continue
			}
			l := listing{id: st.order, finished: st.finished(version)}
			v := view{seed: s.config.Seed, unknown: unknown}
			for i := range st.rounds {
				if code, ok := v.statusShown(&st.rounds[i], st.beats[version]); ok {
					l.status = code
				}
			}
			if !yield(l) {
				return
			}
		}
	}
}

// maxPage is the largest page unless a fault says otherwise. The vendor's own is
// not documented.
const maxPage = 500

// listQuery is the body of a request for a list.
type listQuery struct {
	ProductID  string `json:"productID"`
	UserTaskID string `json:"userTaskID"`
	Options    struct {
		CallStatus []int `json:"callStatus"`
		Finish     *int  `json:"finish"`
	} `json:"options"`
	Page int `json:"page"`
	Size int `json:"size"`
}

// wants reports whether an order passes the query's filters.
func (q *listQuery) wants(l listing) bool {
	if len(q.Options.CallStatus) > 0 && !slices.Contains(q.Options.CallStatus, l.status) {
		return false
	}
	return q.Options.Finish == nil || l.finished == (*q.Options.Finish == 1)
}

// list is listOrder.
func (s *Simulator) list(v fate, body, _ []byte) reply {
	s.listed()
	f := v.faults
	switch {
	case f.ListUnknown:
		return plain("http-404", http.StatusNotFound)
	case f.ListForbidden:
		return refuse(v, codeNoPermission)
	case f.ListRefuse, f.RejectAll:
		return refuse(v, codeBadValue)
	}
	q, code := readListQuery(body, cmp.Or(f.ListSize, maxPage))
	if code != codeSuccess {
		return refuse(v, code)
	}
	first, total := q.Size*(q.Page-1), 0
	page := []listing{}
	for l := range s.roster(q.UserTaskID, s.config.Now()) {
		if !q.wants(l) {
			continue
		}
		if total >= first && len(page) < q.Size {
			page = append(page, l)
		}
		total++
	}
	if f.ListLies {
		lie(v, page)
	}
	return listAnswer(v, q, page, total)
}

// readListQuery returns the query, or the retCode of what is wrong with it.
func readListQuery(body []byte, most int) (q listQuery, code int) {
	if json.Unmarshal(body, &q) != nil {
		return q, codeBadFormat
	}
	finish := q.Options.Finish
	switch {
	case q.ProductID == "" || q.UserTaskID == "" || q.Page == 0 || q.Size == 0:
		return q, codeMissingParam
	case q.ProductID != "callbot" || len(q.UserTaskID) > maxID || finish != nil && *finish != 0 && *finish != 1,
		q.Page < 0 || q.Page > maxPages || q.Size < 0 || q.Size > most:
		return q, codeBadValue
	}
	return q, codeSuccess
}

// maxPages keeps page × size from overflowing.
const maxPages = 1 << 30

// lie puts an order that does not exist in the place of each second one.
func lie(v fate, page []listing) {
	for i := 0; i < len(page); i += 2 {
		page[i].id = fmt.Sprintf("%slie-%08x", prefixMissing, v.dice.Uint32())
	}
}

// listAnswer writes a page.
func listAnswer(v fate, q listQuery, page []listing, total int) reply {
	type entry struct {
		OrderID    string `json:"orderID"`
		UserTaskID string `json:"userTaskID"`
		Finish     bool   `json:"finish"`
		CallStatus *int   `json:"callStatus"`
	}
	entries, byID := make([]entry, len(page)), map[string]entry{}
	for i, l := range page {
		e := entry{OrderID: l.id, UserTaskID: q.UserTaskID, Finish: l.finished}
		if l.status != 0 {
			e.CallStatus = &page[i].status
		}
		entries[i], byID[l.id] = e, e
	}
	answer := map[string]any{"retCode": codeSuccess, "retMsg": retMsgs[codeSuccess], "responseID": responseID(v)}
	if v.faults.ListShape {
		answer["data"] = map[string]any{"orders": byID}
	} else {
		answer["data"] = map[string]any{"totalCount": total, "page": q.Page, "size": q.Size, "orderList": entries}
	}
	b, err := json.Marshal(answer)
	if err != nil {
		panic(fmt.Sprintf("encode a list: %v", err)) // it is made of text and numbers
	}
	return reply{label: "0", status: http.StatusOK, body: b}
}
