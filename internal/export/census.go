package export

// census counts the orders of the book by task.
type census map[string]int

// add counts n more orders of a task, fewer where n is below 0. A task that has
// none left is not remembered.
func (c census) add(task string, n int) {
	if c[task] += n; c[task] == 0 {
		delete(c, task)
	}
}
