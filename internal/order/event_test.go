package order

import "testing"

func TestEveryKind(t *testing.T) {
	named := map[string]Kind{}
	for _, k := range Kinds() {
		other, taken := named[k.String()]
		switch {
		case k.String() == "":
			t.Errorf("kind %d has no name: add it to kindNames", k)
		case taken:
			t.Errorf("kinds %d and %d are both called %s", other, k, k)
		}
		named[k.String()] = k
		identified := false
		for _, ev := range goldenEvents() {
			identified = identified || ev.Body.Kind() == k
		}
		if !identified {
			t.Errorf("kind %d (%s) has no golden ID: add an event of it to goldenEvents", k, k)
		}
	}
}
