package broker

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/segmentio/kafka-go"
	"pgregory.net/rapid"
)

const packedTopic = "requests"

// told is a member with what it tells of itself.
func told(id string, userData []byte) kafka.GroupMember {
	return kafka.GroupMember{ID: id, Topics: []string{packedTopic}, UserData: userData}
}

func tenured(id string, t tenure) kafka.GroupMember {
	return told(id, t.encode())
}

func partitionsOf(topic string, n int) []kafka.Partition {
	var all []kafka.Partition
	for i := range n {
		all = append(all, kafka.Partition{Topic: topic, ID: n - 1 - i})
	}
	return all
}

// held is what each member got of the request topic; who got nothing is left out.
func held(a kafka.GroupMemberAssignments) map[string][]int {
	got := map[string][]int{}
	for id, topics := range a {
		if len(topics[packedTopic]) > 0 {
			got[id] = topics[packedTopic]
		}
	}
	return got
}

func TestPacking(t *testing.T) {
	all, none := []int{0, 1, 2, 3, 4, 5}, tenure{}
	stands := func(joined int32) tenure { return tenure{Joined: joined} }
	holds := func(since, until int32) tenure { return tenure{Joined: since, Since: since, Until: until} }
	for name, c := range map[string]struct {
		holders int
		members []kafka.GroupMember
		want    map[string][]int
	}{
		"nobody is there": {1, nil, map[string][]int{}},
		"none has held yet: by ID": {
			1, []kafka.GroupMember{tenured("c", none), tenured("a", none), tenured("b", none)}, map[string][]int{"a": all},
		},
		"the holder stays": {
			1, []kafka.GroupMember{tenured("a", none), tenured("b", stands(1)), tenured("c", holds(3, 8))}, map[string][]int{"c": all},
		},
		"the holder is gone: who joined first": {
			1, []kafka.GroupMember{tenured("a", none), tenured("b", stands(4)), tenured("c", stands(3))}, map[string][]int{"c": all},
		},
		"one that was cut off comes back": {
			1, []kafka.GroupMember{tenured("a", holds(1, 7)), tenured("b", tenure{Joined: 2, Since: 8, Until: 8})}, map[string][]int{"b": all},
		},
		"two hold, one is needed: the longer": {
			1, []kafka.GroupMember{tenured("a", holds(5, 9)), tenured("b", holds(4, 9)), tenured("c", stands(1))}, map[string][]int{"b": all},
		},
		"one holds, two are needed": {
			2, []kafka.GroupMember{tenured("a", stands(4)), tenured("b", holds(4, 9)), tenured("c", stands(3))},
			map[string][]int{"b": {0, 1, 2}, "c": {3, 4, 5}},
		},
		"more are needed than there are": {
			9, []kafka.GroupMember{tenured("a", none), tenured("b", none)}, map[string][]int{"a": {0, 1, 2}, "b": {3, 4, 5}},
		},
		"more are needed than there are partitions": {
			9, []kafka.GroupMember{
				tenured("a", none), tenured("b", none), tenured("c", none), tenured("d", none), tenured("e", none), tenured("f", none), tenured("g", none),
			}, map[string][]int{"a": {0}, "b": {1}, "c": {2}, "d": {3}, "e": {4}, "f": {5}},
		},
		"it does not divide": {
			4, []kafka.GroupMember{tenured("a", none), tenured("b", none), tenured("c", none), tenured("d", none)},
			map[string][]int{"a": {0}, "b": {1, 2}, "c": {3}, "d": {4, 5}},
		},
		"what another version tells counts as nothing": {
			1, []kafka.GroupMember{
				told("a", nil), told("b", []byte("garbage")), told("c", append([]byte{tenureVersion}, make([]byte, 13)...)),
				told("d", slices.Concat([]byte{tenureVersion + 1}, make([]byte, 12))),
				told("e", slices.Concat([]byte{tenureVersion}, slices.Repeat([]byte{0xff}, 12))), tenured("f", stands(9)),
			}, map[string][]int{"f": all},
		},
		"one that reads another topic": {
			1, []kafka.GroupMember{{ID: "a", Topics: []string{"another"}}, tenured("b", none)}, map[string][]int{"b": all},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := (&packing{holders: c.holders}).AssignGroups(c.members, partitionsOf(packedTopic, 6))
			if !maps.EqualFunc(held(got), c.want, slices.Equal) {
				t.Errorf("it assigns %v, want %v", held(got), c.want)
			}
			if len(got) != len(c.members) {
				t.Errorf("%d of %d members are told what they have", len(got), len(c.members))
			}
		})
	}
}

// TestPackingSeveralTopics: instances of one group that read two topics, as
// while TOPIC_REQUESTS is changed, are chosen for each topic by itself.
func TestPackingSeveralTopics(t *testing.T) {
	members := []kafka.GroupMember{{ID: "a", Topics: []string{"old"}}, {ID: "b", Topics: []string{"new"}}, {ID: "c", Topics: []string{"new"}}}
	got := (&packing{holders: 1}).AssignGroups(members, append(partitionsOf("old", 2), partitionsOf("new", 1)...))
	if want := "map[a:map[old:[0 1]] b:map[new:[0]] c:map[]]"; fmt.Sprint(got) != want {
		t.Errorf("it assigns %v, want %s", got, want)
	}
}

// group plays a consumer group: members join, leave, are cut off and come back;
// each rebalance assigns, and each member that is there notes it.
type group struct {
	*rapid.T
	holders, partitions int
	generation          int32
	here, away          map[string]*packing
	named               int
}

func (g *group) join() {
	g.named++
	// Coordinators name members at random: no name sorts by age.
	g.here[fmt.Sprintf("%08x-%d", uint32(g.named)*2654435761, g.named)] = &packing{holders: g.holders}
}

// some returns a member, drawn.
func (g *group) some(from map[string]*packing) string {
	return rapid.SampledFrom(slices.Sorted(maps.Keys(from))).Draw(g.T, "member")
}

// rebalance assigns the partitions to those who are here and returns what each
// has. It must not matter which order the coordinator names them in.
func (g *group) rebalance() map[string][]int {
	g.generation++
	var members []kafka.GroupMember
	for _, id := range slices.Sorted(maps.Keys(g.here)) {
		data, err := g.here[id].UserData()
		if err != nil {
			g.Fatal(err)
		}
		members = append(members, told(id, data))
	}
	var first map[string][]int
	for range 3 {
		shuffled := rapid.Permutation(members).Draw(g.T, "members")
		got := held((&packing{holders: g.holders}).AssignGroups(shuffled, partitionsOf(packedTopic, g.partitions)))
		if first != nil && !maps.EqualFunc(got, first, slices.Equal) {
			g.Fatalf("the same members get %v and %v", first, got)
		}
		first = got
	}
	for id, p := range g.here {
		p.assigned(g.generation, len(first[id]))
	}
	return first
}

// TestPackingIsStable: whatever happens to a group, each partition has one
// owner, as few members as are needed hold them, and a holder that is still
// there goes on holding.
func TestPackingIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &group{
			T: t, here: map[string]*packing{}, away: map[string]*packing{},
			holders: rapid.IntRange(1, 4).Draw(t, "holders"), partitions: rapid.IntRange(1, 8).Draw(t, "partitions"),
		}
		g.join()
		before := g.rebalance()
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"join", "leave", "cut off", "back"}).Draw(t, "step") {
			case "join":
				g.join()
			case "leave":
				if len(g.here) > 1 {
					delete(g.here, g.some(g.here))
				}
			case "cut off":
				if len(g.here) > 1 {
					id := g.some(g.here)
					g.away[id] = g.here[id]
					delete(g.here, id)
				}
			case "back": // it does not know what it has missed
				if len(g.away) > 0 {
					id := g.some(g.away)
					g.here[id+"-back"] = g.away[id]
					delete(g.away, id)
				}
			}
			now := g.rebalance()
			g.check(before, now)
			before = now
		}
	})
}

func (g *group) check(before, now map[string][]int) {
	var given []int
	for _, partitions := range now {
		given = append(given, partitions...)
	}
	slices.Sort(given)
	if len(given) != g.partitions || len(slices.Compact(given)) != g.partitions {
		g.Fatalf("generation %d gives the partitions %v, of %d", g.generation, given, g.partitions)
	}
	if want := min(g.holders, g.partitions, len(g.here)); len(now) != want {
		g.Fatalf("%d members hold partitions, want %d", len(now), want)
	}
	for id := range before {
		if g.here[id] != nil && now[id] == nil {
			g.Fatalf("%s held partitions, is still there, and lost them: %v, then %v", id, before, now)
		}
	}
}

// TestBalancers: range is offered always, and packing before it. Without the one
// instances of both kinds could not be in one group, without the other none would
// stand by.
func TestBalancers(t *testing.T) {
	for holders, want := range map[int]string{0: "[range]", 2: "[callstream-pack range]"} {
		var names []string
		for _, offered := range (&Broker{cfg: Config{Holders: holders}}).balancers(&packing{holders: holders}) {
			names = append(names, offered.ProtocolName())
		}
		if fmt.Sprint(names) != want {
			t.Errorf("with %d holders it offers %v, want %s", holders, names, want)
		}
	}
}
