package order

// few is how many items are searched one by one. With more an index is built:
// searched one by one, an order of 100,000 calls took minutes. Nearly every
// order has fewer, and for those a map would cost more than it spares.
const few = 8

// A finder finds places by name, and gives each away once. Several places may
// have one name, and a place may have several.
type finder struct {
	names []namedPlace // those with the least place first
	taken []bool       // by place: given away, by this finder or another
	heads map[string]int
	next  []int // by name: the next one that is the same; 0 = none
}

type namedPlace struct {
	name  string
	place int
}

func (f *finder) add(name string, place int) {
	f.names = append(f.names, namedPlace{name, place})
}

// take gives away the least place left that has the name, -1 where there is
// none. No name may be added after it.
func (f *finder) take(name string) int {
	if len(f.names) <= few {
		for _, n := range f.names {
			if n.name == name && !f.taken[n.place] {
				return f.give(n.place)
			}
		}
		return -1
	}
	if f.heads == nil {
		f.link()
	}
	for at := f.heads[name]; at > 0; at = f.next[at-1] {
		if place := f.names[at-1].place; !f.taken[place] {
			f.heads[name] = f.next[at-1] // what is taken stays so: it is passed once
			return f.give(place)
		}
	}
	delete(f.heads, name)
	return -1
}

func (f *finder) give(place int) int {
	f.taken[place] = true
	return place
}

// link builds the index: heads has the first of the names that are the same,
// and next the one behind each. Both count from 1, so that 0 is none.
func (f *finder) link() {
	f.heads = make(map[string]int, len(f.names))
	f.next = make([]int, len(f.names))
	for i := len(f.names) - 1; i >= 0; i-- {
		name := f.names[i].name
		f.next[i] = f.heads[name]
		f.heads[name] = i + 1
	}
}
