package simulator

import (
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

const listPath = "/callcentre/api/v3/listOrder"

func postList(s http.Handler, body string) (code int, ids []string, total int, raw string) {
	w := send(s, http.MethodPost, listPath, body, signedAs(testKey, body))
	var a struct {
		RetCode int `json:"retCode"`
		Data    struct {
			TotalCount int
			OrderList  []struct{ OrderID string }
		}
	}
	if w.Code != http.StatusOK || json.Unmarshal(w.Body.Bytes(), &a) != nil {
		return -w.Code, nil, 0, w.Body.String()
	}
	for _, o := range a.Data.OrderList {
		ids = append(ids, o.OrderID)
	}
	return a.RetCode, ids, a.Data.TotalCount, w.Body.String()
}

func listBody(task, options string, page, size int) string {
	return fmt.Sprintf(`{"productID":"callbot","userTaskID":%q,"options":{%s},"page":%d,"size":%d}`, task, options, page, size)
}

// TestList lists the orders of a roster: which ones, and of how many.
func TestList(t *testing.T) {
	many := func(string, time.Time) iter.Seq[listing] {
		return slices.Values([]listing{
			{"a", 3, false}, {"b", 5, false}, {"c", 6, true}, {"d", 0, false}, {"e", 6, false}, {"f", 4, false},
		})
	}
	for name, tc := range map[string]struct {
		body   string
		faults Faults
		want   string
	}{
		"all":                   {listBody("t", "", 1, 100), Faults{}, "0: a b c d e f of 6"},
		"in calls":              {listBody("t", `"callStatus":[3,4,5]`, 1, 100), Faults{}, "0: a b f of 3"},
		"unfinished":            {listBody("t", `"finish":0`, 1, 100), Faults{}, "0: a b d e f of 5"},
		"finished and ended":    {listBody("t", `"finish":1,"callStatus":[6]`, 1, 100), Faults{}, "0: c of 1"},
		"a first page":          {listBody("t", "", 1, 4), Faults{}, "0: a b c d of 6"},
		"a last page":           {listBody("t", "", 2, 4), Faults{}, "0: e f of 6"},
		"past the end":          {listBody("t", "", 3, 4), Faults{}, "0:  of 6"},
		"a page too large":      {listBody("t", "", 1, 501), Faults{}, "4:  of 0"},
		"a smaller bound":       {listBody("t", "", 1, 101), Faults{ListSize: 100}, "4:  of 0"},
		"no page":               {listBody("t", "", 0, 100), Faults{}, "2:  of 0"},
		"a page before":         {listBody("t", "", -1, 100), Faults{}, "4:  of 0"},
		"no task":               {listBody("", "", 1, 100), Faults{}, "2:  of 0"},
		"no JSON":               {"{", Faults{}, "3:  of 0"},
		"finish is neither":     {listBody("t", `"finish":2`, 1, 100), Faults{}, "4:  of 0"},
		"refused":               {listBody("t", "", 1, 100), Faults{ListRefuse: true}, "4:  of 0"},
		"not known":             {listBody("t", "", 1, 100), Faults{ListUnknown: true}, "-404:  of 0"},
		"forbidden":             {listBody("t", "", 1, 100), Faults{ListForbidden: true}, "6003:  of 0"},
		"busy as the other":     {listBody("t", "", 1, 100), Faults{Busy: 1}, "7:  of 0"},
		"another shape":         {listBody("t", "", 1, 100), Faults{ListShape: true}, "0:  of 0"},
		"the account is wrong":  {listBody("t", "", 1, 100), Faults{RejectAccount: true}, "6:  of 0"},
		"everything is refused": {listBody("t", "", 1, 100), Faults{RejectAll: true}, "4:  of 0"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTest(newClock(), nil)
			s.roster = many
			setFaults(t, s, tc.faults)
			code, ids, total, raw := postList(s, tc.body)
			if got := fmt.Sprintf("%d: %s of %d", code, strings.Join(ids, " "), total); got != tc.want {
				t.Errorf("got %s, want %s: %s", got, tc.want, raw)
			}
		})
	}
}

// TestListLies: half of what it names does not exist, and so much is missing.
func TestListLies(t *testing.T) {
	s := newTest(newClock(), nil)
	ask(t, s, "t", numbered("live-", 10)...)
	setFaults(t, s, Faults{ListLies: true})
	_, ids, total, _ := postList(s, listBody("t", "", 1, 100))
	lies := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !strings.HasPrefix(id, "missing-lie-") })
	if len(ids) != 10 || total != 10 || len(lies) != 5 {
		t.Errorf("%d lies of %q, in all %d", len(lies), ids, total)
	}
	if got := ask(t, s, "t", lies...).Orders; len(got) != 0 {
		t.Errorf("lies that exist: %v", got)
	}
}

// TestListAskedFor: the list shows the orders asked for before as
// listOrderDetail does, and counts for nothing in the truth.
func TestListAskedFor(t *testing.T) {
	c := newClock()
	s := newTest(c, nil)
	ids := append(numbered("live-", 30), "missing-1", "late-1")
	ask(t, s, "t", ids...)
	ask(t, s, "u", "other")
	for range 40 {
		c.advance(20 * time.Second)
		var want []string
		for _, order := range ask(t, s, "t", numbered("live-", 30)...).Orders {
			if calls := callsOf(order); len(calls) > 0 && order["finish"] == false {
				if status := calls[len(calls)-1]["callStatus"].(float64); status >= 3 && status <= 5 {
					want = append(want, order["orderID"].(string))
				}
			}
		}
		slices.Sort(want)
		_, got, total, raw := postList(s, listBody("t", `"callStatus":[3,4,5],"finish":0`, 1, 500))
		got = slices.DeleteFunc(got, func(id string) bool { return id == "late-1" })
		if !slices.Equal(got, want) || total < len(want) {
			t.Fatalf("got %q, want %q: %s", got, want, raw)
		}
	}
	asked := s.Stats()
	if asked.ListRequests != 40 || asked.Requests != 82 || asked.MeanFill > 33 {
		t.Errorf("%+v", asked)
	}
	if _, _, total, _ := postList(s, listBody("t", "", 1, 1)); total != 31 { // missing-1 never exists
		t.Errorf("%d orders", total)
	}
	if shown := s.Shown("t", "late-1"); len(shown) != 0 {
		t.Errorf("the list counts as shown: %v", shown)
	}
}

// TestListIsLimited: the two calls share one limit and one signature check.
func TestListIsLimited(t *testing.T) {
	s := newTest(newClock(), func(c *Config) { c.RateLimit = 2 })
	ask(t, s, "t", "o")
	body := listBody("t", "", 1, 100)
	for _, want := range []int{codeSuccess, codeBusy} {
		if code, _, _, raw := postList(s, body); code != want {
			t.Errorf("got %d, want %d: %s", code, want, raw)
		}
	}
	var a response
	decode(t, send(s, http.MethodPost, listPath, body, signedAs("wrong", body)).Body.Bytes(), &a)
	if a.RetCode != codeBadSignature {
		t.Errorf("a wrong signature: %d", a.RetCode)
	}
}
