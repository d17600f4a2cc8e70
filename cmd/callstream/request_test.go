package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"callstream/internal/request"
)

// TestRequestsRead reads what is asked in all the ways it can be.
func TestRequestsRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(file, []byte("\ufefftask,orderID\n1,a\n2,\"b\nc\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", request.MaxID+1)
	tests := []struct {
		name  string
		flags requestOptions
		args  []string
		stdin string
		want  []string
		wrong []string // what its error says
	}{
		{
			name: "arguments", flags: requestOptions{task: "t"}, args: []string{"a", "<b>"},
			want: []string{`{"userTaskID":"t","orderID":"a","mode":"follow"}`, `{"userTaskID":"t","orderID":"<b>","mode":"follow"}`},
		},
		{
			name: "lines, mode and times", args: []string{"-"}, stdin: "a\r\n\n b",
			flags: requestOptions{task: "t", mode: "once", notBefore: "2026-01-31T13:00:00+01:00", deadline: "2026-01-31T12:00:00.5Z"},
			want: []string{
				`{"userTaskID":"t","orderID":"a","mode":"once","notBefore":"2026-01-31T12:00:00.000Z","deadline":"2026-01-31T12:00:00.500Z"}`,
				`{"userTaskID":"t","orderID":" b","mode":"once","notBefore":"2026-01-31T12:00:00.000Z","deadline":"2026-01-31T12:00:00.500Z"}`,
			},
		},
		{
			name: "CSV", flags: requestOptions{csv: file, column: "orderID", taskColumn: "task", mode: "stop"},
			want: []string{`{"userTaskID":"1","orderID":"a","mode":"stop"}`, `{"userTaskID":"2","orderID":"b\nc","mode":"stop"}`},
		},
		{
			name: "a hint", flags: requestOptions{task: "t", mode: "hint"}, args: []string{"a"},
			want: []string{`{"userTaskID":"t","orderID":"a","mode":"hint"}`},
		},
		{name: "a column that is not there", flags: requestOptions{csv: file, column: "order"}, wrong: []string{`no column "order"`}},
		{name: "a mode", flags: requestOptions{task: "t", mode: "x"}, args: []string{"a"}, wrong: []string{`--mode "x" is none of follow,`}},
		{name: "a time", flags: requestOptions{task: "t", notBefore: "x"}, args: []string{"a"}, wrong: []string{`--not-before "x" is not an RFC 3339 time such as`}},
		{name: "another time", flags: requestOptions{task: "t", deadline: "x"}, args: []string{"a"}, wrong: []string{`--deadline "x" is not`}},
		{name: "no task", args: []string{"a"}, wrong: []string{"argument 1: userTaskID is empty (--task or"}},
		{name: "nothing", flags: requestOptions{task: "t"}, wrong: []string{"no order IDs given"}},
		{
			name: "IDs that no order can have", flags: requestOptions{task: "t"}, stdin: "a\n" + long + "\n\xff\n",
			wrong: []string{"nothing was sent", "line 2: order ID has 257 bytes", "line 3: order ID is not valid UTF-8"},
		},
		{
			name: "too many of them", flags: requestOptions{task: "t"}, stdin: strings.Repeat("\xff\n", 11),
			wrong: []string{"line 10:", "… and maybe more"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.flags.mode == "" {
				tt.flags.mode = "follow"
			}
			got, err := tt.flags.read(tt.args, strings.NewReader(tt.stdin))
			for _, wrong := range tt.wrong {
				if err == nil || !strings.Contains(err.Error(), wrong) {
					t.Errorf("error %v, want one with %q", err, wrong)
				}
			}
			if tt.wrong == nil && err != nil {
				t.Fatal(err)
			}
			if len(got) != len(tt.want) {
				t.Fatalf("%d requests, want %d", len(got), len(tt.want))
			}
			for i := range got {
				if value := string(request.JSON(&got[i])); value != tt.want[i] {
					t.Errorf("got  %s\nwant %s", value, tt.want[i])
				}
			}
		})
	}
}
