package schedule

import (
	"fmt"
	"time"

	"callstream/internal/order"
)

// newPlan returns a plan whose unit is a second.
func newPlan(size int) *Plan { return NewPlan(size, 100*time.Millisecond, timing()) }

// item returns an order of a task that is in no plan.
func item(task string, n int) *Item {
	return &Item{Ref: order.Ref{Task: task, ID: fmt.Sprint(n)}}
}
