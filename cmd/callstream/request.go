package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"callstream/internal/broker"
	"callstream/internal/config"
	"callstream/internal/order"
	"callstream/internal/record"
	"callstream/internal/request"
)

// requestOptions are the flags of `callstream request`.
type requestOptions struct {
	task, mode, notBefore, deadline string
	csv, column, taskColumn         string
	allOptions
}

// asked is an order as it was named, and where.
type asked struct{ task, id, where string }

func requestCommand() *cobra.Command {
	var o requestOptions
	cmd := &cobra.Command{
		Use:   "request [flags] [ORDER-ID ...]",
		Short: "Ask for orders: put their IDs on the request topic",
		Long: `Ask for orders: put their IDs on the request topic, one record an order, keyed by its ID.
IDs are the arguments; or the lines of standard input, where there are none (or one is -); or a column of a CSV file.
All are checked before the first is sent. Kafka and the topic are those of the environment, as for run.

With --all they are every order of the task, as the API's listOrder names them, page by page. This takes the account too
(CALLBOT_UUID and so on, as for run), and spends of its limit: a running exporter knows nothing of it, so by default it is
held to half of CALLBOT_RATE_LIMIT, and on a busy vendor the exporter slows down as well. Interrupted, it exits with 1 and
prints the command that goes on.`,
		Example: `  callstream request --task 42 order-1 order-2
  callstream request --task 42 --mode replay order-1
  callstream request --task 42 --mode hint order-1
  callstream request --task 42 < order-ids.txt
  callstream request --csv orders.csv --column orderID --task-column userTaskID
  callstream request --task 42 --all --rate 0.5`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.checkAll(args, c.Flags().Changed); err != nil {
				return usageError{err}
			}
			if o.all {
				cfg, err := config.LoadAccount(nil)
				if err != nil {
					return err
				}
				return o.requestAll(c.Context(), cfg, c.OutOrStdout())
			}
			requests, err := o.read(args, c.InOrStdin())
			if err != nil {
				return usageError{err}
			}
			cfg, err := config.LoadKafka(nil)
			if err != nil {
				return err
			}
			return sendRequests(c.Context(), cfg, requests, c.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.task, "task", "", "the orders' userTaskID")
	f.StringVar(&o.mode, "mode", "follow", "follow, once, stop, replay or hint (look now, if it is followed)")
	f.StringVar(&o.notBefore, "not-before", "", "do not look before this time (RFC 3339)")
	f.StringVar(&o.deadline, "deadline", "", "give up after this time (RFC 3339)")
	f.StringVar(&o.csv, "csv", "", "read the IDs from this CSV file, whose first row names the columns")
	f.StringVar(&o.column, "column", "orderID", "column of the CSV file that holds the order ID")
	f.StringVar(&o.taskColumn, "task-column", "", "column of the CSV file that holds the userTaskID, instead of --task")
	f.BoolVar(&o.all, "all", false, "ask for every order of the task, as the API names them")
	f.IntVar(&o.page, "from-page", 1, "with --all: the page to begin with")
	f.IntVar(&o.pageSize, "page-size", samplePage, "with --all: orders a page; what the API allows is not documented")
	f.Float64Var(&o.rate, "rate", 0, "with --all: requests a second to the API (0: half of CALLBOT_RATE_LIMIT)")
	return cmd
}

// read collects and checks what is asked, a request an order.
func (o *requestOptions) read(args []string, stdin io.Reader) ([]order.Request, error) {
	common, err := o.common()
	if err != nil {
		return nil, err
	}
	orders, err := o.collect(args, stdin)
	if err != nil {
		return nil, err
	}
	if len(orders) == 0 {
		return nil, errors.New("no order IDs given; see callstream request --help")
	}
	requests := make([]order.Request, len(orders))
	var wrong []error
	for i, a := range orders {
		if err := request.CheckID(a.task); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: userTaskID %w (--task or --task-column gives it)", a.where, err))
		} else if err := request.CheckID(a.id); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: order ID %w", a.where, err))
		}
		if len(wrong) == 10 {
			wrong = append(wrong, errors.New("… and maybe more"))
			break
		}
		requests[i] = common
		requests[i].Task, requests[i].Orders = a.task, []string{a.id}
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("nothing was sent:\n%w", errors.Join(wrong...))
	}
	return requests, nil
}

// common is what the flags ask of every order.
func (o *requestOptions) common() (r order.Request, err error) {
	if r.Mode, err = request.ParseMode(o.mode); err != nil {
		return r, fmt.Errorf("--mode %q %w", o.mode, err)
	}
	const example = "such as 2026-01-31T12:00:00Z"
	if r.NotBefore, err = request.ParseTime(o.notBefore); err != nil {
		return r, fmt.Errorf("--not-before %q %w %s", o.notBefore, err, example)
	}
	if r.Deadline, err = request.ParseTime(o.deadline); err != nil {
		return r, fmt.Errorf("--deadline %q %w %s", o.deadline, err, example)
	}
	return r, nil
}

func (o *requestOptions) collect(args []string, stdin io.Reader) ([]asked, error) {
	if o.csv != "" {
		if len(args) > 0 {
			return nil, errors.New("give either --csv or order IDs")
		}
		return o.readCSV()
	}
	if len(args) > 0 && (len(args) > 1 || args[0] != "-") {
		orders := make([]asked, len(args))
		for i, id := range args {
			orders[i] = asked{o.task, id, fmt.Sprintf("argument %d", i+1)}
		}
		return orders, nil
	}
	return o.readLines(stdin)
}

func (o *requestOptions) readLines(in io.Reader) ([]asked, error) {
	var orders []asked
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		if id := strings.TrimSuffix(lines.Text(), "\r"); id != "" {
			orders = append(orders, asked{o.task, id, fmt.Sprintf("line %d", n)})
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	return orders, nil
}

func (o *requestOptions) readCSV() ([]asked, error) {
	file, err := os.Open(o.csv)
	if err != nil {
		return nil, fmt.Errorf("--csv: %w", err)
	}
	defer file.Close()
	rows := csv.NewReader(file)
	head, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("--csv %s: read its first row: %w", o.csv, err)
	}
	head[0] = strings.TrimPrefix(head[0], "\ufeff")
	id, task := -1, -1
	for i, name := range head {
		if name == o.column {
			id = i
		}
		if name == o.taskColumn && o.taskColumn != "" {
			task = i
		}
	}
	if id < 0 || o.taskColumn != "" && task < 0 {
		return nil, fmt.Errorf("--csv %s: no column %q or %q; its columns are %q", o.csv, o.column, o.taskColumn, head)
	}
	var orders []asked
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return orders, nil
		}
		if err != nil {
			return nil, fmt.Errorf("--csv %s: %w", o.csv, err)
		}
		line, _ := rows.FieldPos(id)
		a := asked{o.task, row[id], fmt.Sprintf("%s line %d", o.csv, line)}
		if task >= 0 {
			a.task = row[task]
		}
		orders = append(orders, a)
	}
}

// sendRequests puts requests on the topic of the settings.
func sendRequests(ctx context.Context, cfg *config.Config, requests []order.Request, out io.Writer) error {
	b, err := openBroker(ctx, cfg, cfg.Logger(os.Stderr), nil)
	if err != nil {
		return err
	}
	defer closeBroker(b, cfg.Logger(os.Stderr))
	if err := b.Prepare(ctx); err != nil {
		return err
	}
	return putRequests(ctx, b, cfg.Topics.Requests, requests, out)
}

// writeRequests writes requests, keyed by their first orders.
func writeRequests(ctx context.Context, b *broker.Broker, topic string, requests []order.Request) error {
	messages := make([]record.Message, len(requests))
	for i := range requests {
		r := &requests[i]
		messages[i] = record.Message{Topic: topic, Partition: record.ByKey, Key: []byte(r.Orders[0]), Value: request.JSON(r)}
	}
	return b.Write(ctx, messages)
}

// putRequests writes requests and tells its progress to out.
func putRequests(ctx context.Context, b *broker.Broker, topic string, requests []order.Request, out io.Writer) error {
	const chunk = 5000 // a line of progress each
	for sent := 0; sent < len(requests); {
		n := min(chunk, len(requests)-sent)
		if err := writeRequests(ctx, b, topic, requests[sent:sent+n]); err != nil {
			return fmt.Errorf("%d of %d sent, the next %d maybe: %w", sent, len(requests), n, err)
		}
		if sent += n; sent < len(requests) {
			fmt.Fprintf(out, "sent %d of %d\n", sent, len(requests))
		}
	}
	_, err := fmt.Fprintf(out, "sent %d requests to %s\n", len(requests), topic)
	return err
}
