package freshness

// equal returns n tasks that share orders and lines.
func equal(n, orders, lines int) []Task {
	all := make([]Task, n)
	for t := range all {
		all[t] = Task{Orders: orders / n, Lines: lines / n}
	}
	return all
}

// unequal returns n tasks of which each has 7 % less than the one before.
func unequal(n, orders, lines int) []Task {
	all := make([]Task, n)
	part := 0.07
	for t := range all {
		all[t] = Task{Orders: max(1, int(float64(orders)*part)), Lines: max(1, int(float64(lines)*part))}
		part *= 0.93
	}
	return all
}

// each returns tasks changed in the same way.
func each(tasks []Task, change func(*Task)) []Task {
	for t := range tasks {
		change(&tasks[t])
	}
	return tasks
}

// random returns tasks whose orders are dialed in no order.
func random(tasks []Task) []Task { return each(tasks, func(t *Task) { t.Sequence = shuffled }) }

// slow is a manner of long calls with long rests between.
var slow = Manner{Talk: 15 * minute, Line: Period{20 * second, 90 * second}, Between: 5 * minute, Retry: 600 * second}

// sooner calls those who did not answer sooner from minute 20 on.
var sooner = Manner{
	Talk: usual.Talk, Line: usual.Line, Between: usual.Between,
	Retry: 600 * second, RetryLater: 60 * second, RetryFrom: 20 * minute,
}

// setting is a world and when it is played.
type setting struct {
	World
	long  bool // in the long form alone, for what it costs
	whole bool // small enough for the short form as it is
	// chance: its bound holds here.
	chance bool
}

const (
	inOrder  = "100,000 orders, 4 tasks, 400 lines, 2/s, list order"
	atRandom = "100,000 orders, 4 tasks, 400 lines, 2/s, random"
	small    = "10,000 orders, 2 tasks, 100 lines, 2/s, list order"
)

// beginning returns a world of which the first minutes are measured, in which
// nothing is learnt yet.
func beginning(w World) World {
	w.Lull, w.Measured, w.Lasts = Period{0, 3 * minute}, Period{3 * minute, 13 * minute}, 18*minute
	return w
}

// settings returns all worlds.
func settings() []setting {
	usualTasks := func() []Task { return equal(4, 100_000, 400) }
	return []setting{
		{World: World{Name: small, Tasks: equal(2, 10_000, 100), Rate: 2}, whole: true},
		{World: World{Name: inOrder, Tasks: usualTasks(), Rate: 2}, whole: true},
		{World: World{Name: atRandom, Tasks: random(usualTasks()), Rate: 2}, chance: true},
		{World: World{Name: "1,000, 1 task, 20 lines, 1/s", Tasks: equal(1, 1_000, 20), Rate: 1}, whole: true},
		{World: World{Name: "1,000, 20 tasks, 40 lines, 2/s", Tasks: equal(20, 1_000, 40), Rate: 2}, whole: true},
		{World: World{Name: "10,000, 100 tasks, 200 lines, 5/s", Tasks: equal(100, 10_000, 200), Rate: 5}, whole: true},
		{World: World{Name: "100 tasks of 7,000 to 5, 1,000 lines, 5/s", Tasks: unequal(100, 100_000, 1000), Rate: 5}},
		{World: World{Name: "100 tasks of 7,000 to 5, 1,000 lines, 5/s, random", Tasks: random(unequal(100, 100_000, 1000)), Rate: 5}},
		{World: World{Name: "4,000 lines, 2 tasks, 1/s", Tasks: equal(2, 100_000, 4000), Rate: 1}},
		{World: World{Name: "4,000 lines, 2 tasks, 1/s, random", Tasks: random(equal(2, 100_000, 4000)), Rate: 1}, chance: true},
		{World: World{Name: "10,000 lines, 1 task, 2/s", Tasks: equal(1, 100_000, 10_000), Rate: 2}},
		{World: World{Name: "no calls begin from 15 to 25 min", Tasks: usualTasks(), Rate: 2, Lull: Period{15 * minute, 25 * minute}}},
		{World: World{Name: "no calls begin from 15 to 25 min, random", Tasks: random(usualTasks()), Rate: 2, Lull: Period{15 * minute, 25 * minute}}},
		{World: World{Name: "API gives no answers from 15 to 18 min", Tasks: usualTasks(), Rate: 2, Deaf: Period{15 * minute, 18 * minute}}},
		{World: World{Name: "API gives no answers from 15 to 18 min, random", Tasks: random(usualTasks()), Rate: 2, Deaf: Period{15 * minute, 18 * minute}}},
		{World: World{Name: "API gives no answers from 15 to 35 min, random", Tasks: random(usualTasks()), Rate: 2, Deaf: Period{15 * minute, 35 * minute}}, long: true},
		{World: World{Name: "a second task comes at 15 min", Tasks: late(), Rate: 2}},
		{World: World{Name: "a second task comes at 15 min, random", Tasks: random(late()), Rate: 2}},
		{World: World{Name: "lines begin in the middle of the list", Tasks: each(usualTasks(), func(t *Task) { t.Sequence = middle }), Rate: 2}},
		{World: World{Name: "list order, random from 20 min on", Tasks: each(usualTasks(), func(t *Task) { t.Shuffles = 20 * minute }), Rate: 2}},
		{World: World{Name: "retries after 600 s, 60 s from 20 min on", Tasks: each(usualTasks(), func(t *Task) { t.Manner = &sooner }), Rate: 2}},
		{World: World{Name: "two lists within each other", Tasks: each(usualTasks(), func(t *Task) { t.Sequence = within }), Rate: 2}},
		{World: World{Name: "long and rare calls", Tasks: each(equal(4, 100_000, 100), func(t *Task) { t.Manner = &slow }), Rate: 2}, whole: true},
		{World: World{Name: "long and rare calls, random", Tasks: random(each(equal(4, 100_000, 100), func(t *Task) { t.Manner = &slow })), Rate: 2}, whole: true},
		{World: World{Name: "36 of 40 tasks sleep from 12 to 22 min", Tasks: night(), Rate: 2}},
		{World: World{Name: "36 of 40 tasks sleep from 12 to 22 min, random", Tasks: random(night()), Rate: 2}},
		{World: World{Name: "6 partitions, list order", Tasks: usualTasks(), Rate: 2, Partitions: 6}},
		{World: World{Name: "6 partitions, random", Tasks: random(usualTasks()), Rate: 2, Partitions: 6}},
		{World: World{Name: "3 of 6 partitions at 1/s, list order", Tasks: usualTasks(), Rate: 1, Partitions: 6, Owned: 3}},
		{World: World{Name: "3 of 6 partitions at 1/s, random", Tasks: random(usualTasks()), Rate: 1, Partitions: 6, Owned: 3}},
		{World: beginning(World{Name: "the first ten minutes, list order", Tasks: usualTasks(), Rate: 2, Partitions: 6})},
		{World: beginning(World{Name: "the first ten minutes, random", Tasks: random(usualTasks()), Rate: 2, Partitions: 6}), chance: true},
		{World: beginning(World{Name: "the first ten minutes, 64 partitions, random", Tasks: random(usualTasks()), Rate: 2, Partitions: 64})},
		{World: World{Name: "1,000,000, 20 tasks, 10,000 lines, 50/s", Tasks: equal(20, 1_000_000, 10_000), Rate: 50, Lasts: 16 * minute}, long: true},
		{World: World{Name: "1,000,000, 20 tasks, 10,000 lines, 50/s, random", Tasks: random(equal(20, 1_000_000, 10_000)), Rate: 50, Lasts: 16 * minute}, long: true, chance: true},
		{World: World{Name: "10,000,000, 10 tasks, 10,000 lines, 50/s", Tasks: equal(10, 10_000_000, 10_000), Rate: 50, Lasts: 20 * minute}, long: true},
		{World: steadyWorld("2,000 orders change every 10 s, 1/s", Class{2_000, 10 * second, inCall})},
		{World: steadyWorld("5,000 every 60 s, 5,000 every 600 s, 1/s", Class{5_000, 60 * second, inCall}, Class{5_000, 600 * second, ringing})},
		{World: steadyWorld("1,000 every 3 s, 20,000 every hour, 1/s", Class{1_000, 3 * second, inCall}, Class{20_000, hour, ringing})},
	}
}

// night returns 40 tasks of which 36 sleep.
func night() []Task {
	tasks := equal(40, 100_000, 400)
	for t := range tasks[4:] {
		tasks[4+t].Lull = Period{12 * minute, 22 * minute}
	}
	return tasks
}

// late returns two tasks of which one comes while the other is dialed.
func late() []Task {
	tasks := equal(2, 40_000, 200)
	tasks[1].From = 15 * minute
	return tasks
}

func steadyWorld(name string, classes ...Class) World {
	return World{Name: name, Tasks: []Task{{Steady: classes}}, Rate: 1}
}
