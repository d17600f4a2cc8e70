package broker

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/segmentio/kafka-go"
)

// packProtocol is what the members of a group call this way of assigning
// partitions. Whoever offers it must choose the same holders from the same
// tenures, so another rule needs another name.
const packProtocol = "callstream-pack"

// packing is a group balancer that gives the partitions to as few members as
// are needed; the others stand by. An API request carries orders of one
// instance alone, so each further instance that holds partitions makes requests
// emptier, and what they show staler.
//
// The leader of the group assigns, from what each member tells of its own
// tenure when it joins. Who holds partitions goes on holding them: a member
// that joins or comes back moves nothing.
type packing struct {
	holders int // how many members are to hold partitions, 1 or more

	mu     sync.Mutex
	tenure tenure // this member's
}

// tenure is what a member has done in the group. It counts in the group's own
// generations, which rise with each rebalance and are the same for all members:
// clocks of two machines are not.
type tenure struct {
	Joined int32 // the first generation it took part in; 0 = none yet
	Since  int32 // it has held partitions from this generation on; 0 = it holds none
	Until  int32 // the last generation in which it held partitions; 0 = it holds none
}

// compare puts first who is to hold partitions. The greatest Until is that of
// the holders of the generation before. One that was cut off and comes back
// believes that it holds partitions, too, but from an earlier generation: its
// successor keeps them.
func (t tenure) compare(other tenure) int {
	return cmp.Or(
		-cmp.Compare(t.Until, other.Until),
		cmp.Compare(t.Since, other.Since),
		cmp.Compare(t.seniority(), other.seniority()),
	)
}

// seniority is the less, the earlier a member joined.
func (t tenure) seniority() int32 {
	if t.Joined == 0 {
		return math.MaxInt32
	}
	return t.Joined
}

// tenureVersion is the first byte of a tenure in a member's user data.
const tenureVersion = 1

func (t tenure) encode() []byte {
	data := []byte{tenureVersion}
	for _, generation := range []int32{t.Joined, t.Since, t.Until} {
		data = binary.BigEndian.AppendUint32(data, uint32(generation))
	}
	return data
}

// decodeTenure reads user data. What another version wrote counts as nothing
// done yet: such a member comes last, and no member is refused for it.
func decodeTenure(data []byte) tenure {
	var t tenure
	rest, known := bytes.CutPrefix(data, []byte{tenureVersion})
	if !known || len(rest) != binary.Size(t) {
		return tenure{}
	}
	if _, err := binary.Decode(rest, binary.BigEndian, &t); err != nil || min(t.Joined, t.Since, t.Until) < 0 {
		return tenure{}
	}
	return t
}

// assigned notes how many partitions this member holds in a generation.
func (p *packing) assigned(generation int32, partitions int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := &p.tenure
	if t.Joined == 0 {
		t.Joined = generation
	}
	if partitions == 0 {
		t.Since, t.Until = 0, 0
		return
	}
	if t.Since == 0 {
		t.Since = generation
	}
	t.Until = generation
}

// ProtocolName is part of kafka.GroupBalancer.
func (*packing) ProtocolName() string { return packProtocol }

// UserData is this member's tenure; the library asks for it at each join.
func (p *packing) UserData() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tenure.encode(), nil
}

// AssignGroups shares out the partitions. A member without any is in the result
// all the same, as with the library's own balancers.
func (p *packing) AssignGroups(members []kafka.GroupMember, partitions []kafka.Partition) kafka.GroupMemberAssignments {
	assignments := kafka.GroupMemberAssignments{}
	for _, m := range members {
		assignments[m.ID] = map[string][]int{}
	}
	topics := map[string][]int{}
	for _, partition := range partitions {
		topics[partition.Topic] = append(topics[partition.Topic], partition.ID)
	}
	for topic, ids := range topics {
		slices.Sort(ids)
		chosen := p.choose(members, topic, len(ids))
		for i, m := range chosen {
			assignments[m.ID][topic] = ids[i*len(ids)/len(chosen) : (i+1)*len(ids)/len(chosen)]
		}
	}
	return assignments
}

// choose returns the members that are to hold a topic's partitions, of which
// each gets one at least.
func (p *packing) choose(members []kafka.GroupMember, topic string, partitions int) []kafka.GroupMember {
	tenures := map[string]tenure{}
	var able []kafka.GroupMember
	for _, m := range members {
		if slices.Contains(m.Topics, topic) {
			able = append(able, m)
			tenures[m.ID] = decodeTenure(m.UserData)
		}
	}
	slices.SortFunc(able, func(a, b kafka.GroupMember) int {
		return cmp.Or(tenures[a.ID].compare(tenures[b.ID]), strings.Compare(a.ID, b.ID))
	})
	return able[:min(p.holders, partitions, len(able))]
}
