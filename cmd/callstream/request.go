package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"callstream/internal/broker"
	"callstream/internal/config"
	"callstream/internal/record"
)

// requestOptions are the flags of `callstream request`.
type requestOptions struct {
	task, mode, notBefore, deadline string
	csv, column, taskColumn         string
}

// asked is one order to ask for, and where it was named.
type asked struct{ task, order, where string }

func requestCommand() *cobra.Command {
	var o requestOptions
	cmd := &cobra.Command{
		Use:   "request [flags] [ORDER-ID ...]",
		Short: "Ask for orders: put their IDs on the request topic",
		Long: `Ask for orders: put their IDs on the request topic, one record an order, keyed by its ID.
IDs are the arguments; or the lines of standard input, where there are none (or one is -); or a column of a CSV file.
All are checked before the first is sent. Kafka and the topic are those of the environment, as for run.`,
		Example: `  callstream request --task 42 order-1 order-2
  callstream request --task 42 --mode replay order-1
  callstream request --task 42 < order-ids.txt
  callstream request --csv orders.csv --column orderID --task-column userTaskID`,
		RunE: func(c *cobra.Command, args []string) error {
			orders, err := o.read(args, c.InOrStdin())
			if err != nil {
				return usageError{err}
			}
			cfg, err := config.LoadKafka(nil)
			if err != nil {
				return err
			}
			return o.send(c.Context(), cfg, orders, c.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.task, "task", "", "the orders' userTaskID")
	f.StringVar(&o.mode, "mode", "follow", "follow, once, stop or replay")
	f.StringVar(&o.notBefore, "not-before", "", "do not look before this time (RFC 3339)")
	f.StringVar(&o.deadline, "deadline", "", "give up after this time (RFC 3339)")
	f.StringVar(&o.csv, "csv", "", "read the IDs from this CSV file, whose first row names the columns")
	f.StringVar(&o.column, "column", "orderID", "column of the CSV file that holds the order ID")
	f.StringVar(&o.taskColumn, "task-column", "", "column of the CSV file that holds the userTaskID, instead of --task")
	return cmd
}

// read collects and checks the orders asked for.
func (o *requestOptions) read(args []string, stdin io.Reader) ([]asked, error) {
	switch o.mode {
	case "follow", "once", "stop", "replay":
	default:
		return nil, fmt.Errorf("--mode %q is none of follow, once, stop, replay", o.mode)
	}
	for flag, value := range map[string]string{"--not-before": o.notBefore, "--deadline": o.deadline} {
		if _, err := time.Parse(time.RFC3339, value); value != "" && err != nil {
			return nil, fmt.Errorf("%s %q is not an RFC 3339 time such as 2026-01-31T12:00:00Z", flag, value)
		}
	}
	orders, err := o.collect(args, stdin)
	if err != nil {
		return nil, err
	}
	if len(orders) == 0 {
		return nil, errors.New("no order IDs given; see callstream request --help")
	}
	var wrong []error
	for _, a := range orders {
		if bad := checkID("userTaskID", a.task); bad != "" {
			wrong = append(wrong, fmt.Errorf("%s: %s (--task or --task-column gives it)", a.where, bad))
		} else if bad := checkID("order ID", a.order); bad != "" {
			wrong = append(wrong, fmt.Errorf("%s: %s", a.where, bad))
		}
		if len(wrong) == 10 {
			wrong = append(wrong, errors.New("… and maybe more"))
			break
		}
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("nothing was sent:\n%w", errors.Join(wrong...))
	}
	return orders, nil
}

// checkID says what is wrong with an ID; empty where nothing is.
func checkID(what, id string) string {
	const longest = 256 // bytes: the contract of the request topic
	switch {
	case id == "":
		return what + " is empty"
	case len(id) > longest:
		return fmt.Sprintf("%s has %d bytes, at most %d are possible", what, len(id), longest)
	case !utf8.ValidString(id):
		return what + " is not valid UTF-8"
	}
	return ""
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
	order, task := -1, -1
	for i, name := range head {
		if name == o.column {
			order = i
		}
		if name == o.taskColumn && o.taskColumn != "" {
			task = i
		}
	}
	if order < 0 || o.taskColumn != "" && task < 0 {
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
		line, _ := rows.FieldPos(order)
		a := asked{o.task, row[order], fmt.Sprintf("%s line %d", o.csv, line)}
		if task >= 0 {
			a.task = row[task]
		}
		orders = append(orders, a)
	}
}

// send puts the orders on the request topic.
func (o *requestOptions) send(ctx context.Context, cfg *config.Config, orders []asked, out io.Writer) error {
	b, err := openBroker(ctx, cfg, cfg.Logger(os.Stderr), nil)
	if err != nil {
		return err
	}
	defer closeBroker(b, cfg.Logger(os.Stderr))
	if err := b.Prepare(ctx); err != nil {
		return err
	}
	return o.put(ctx, b, cfg.Topics.Requests, orders, out)
}

// put writes a request an order, and tells its progress to out.
func (o *requestOptions) put(ctx context.Context, b *broker.Broker, topic string, orders []asked, out io.Writer) error {
	const chunk = 5000 // a line of progress each
	for sent := 0; sent < len(orders); {
		n := min(chunk, len(orders)-sent)
		messages := make([]record.Message, n)
		for i, a := range orders[sent : sent+n] {
			value, err := json.Marshal(o.body(a))
			if err != nil {
				return fmt.Errorf("%s: %w", a.where, err)
			}
			messages[i] = record.Message{Topic: topic, Partition: record.ByKey, Key: []byte(a.order), Value: value}
		}
		if err := b.Write(ctx, messages); err != nil {
			return fmt.Errorf("%d of %d sent, the next %d maybe: %w", sent, len(orders), n, err)
		}
		if sent += n; sent < len(orders) {
			fmt.Fprintf(out, "sent %d of %d\n", sent, len(orders))
		}
	}
	_, err := fmt.Fprintf(out, "sent %d requests to %s\n", len(orders), topic)
	return err
}

func (o *requestOptions) body(a asked) map[string]string {
	body := map[string]string{"userTaskID": a.task, "orderID": a.order, "mode": o.mode}
	if o.notBefore != "" {
		body["notBefore"] = o.notBefore
	}
	if o.deadline != "" {
		body["deadline"] = o.deadline
	}
	return body
}
