package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// parsers read values, for env and for the checks before it. Their errors say
// what is allowed and leave out the value.
func parsers() map[reflect.Type]env.ParserFunc {
	return map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[bool](): func(s string) (any, error) {
			v, err := strconv.ParseBool(strings.ToLower(s))
			return v, orSay(err, "is not true or false")
		},
		reflect.TypeFor[int](): func(s string) (any, error) {
			// Kafka counts partitions and replicas in at most 32 bits.
			v, err := strconv.ParseInt(s, 10, 32)
			return int(v), orSay(err, "is not a whole number")
		},
		reflect.TypeFor[float64](): func(s string) (any, error) {
			v, err := strconv.ParseFloat(s, 64)
			if math.IsNaN(v) || math.IsInf(v, 0) {
				err = strconv.ErrRange
			}
			return v, orSay(err, "is not a number")
		},
		reflect.TypeFor[time.Duration](): func(s string) (any, error) {
			v, err := time.ParseDuration(s)
			return v, orSay(err, "is not a time span such as 500ms, 30s, 5m or 1h30m")
		},
		reflect.TypeFor[[]string](): func(s string) (any, error) {
			var all []string
			for part := range strings.SplitSeq(s, ",") {
				if part = strings.TrimSpace(part); part != "" {
					all = append(all, part)
				}
			}
			return all, nil
		},
	}
}

func orSay(err error, text string) error {
	if err == nil {
		return nil
	}
	return errors.New(text)
}

// canonical checks a value by itself and returns the form in which it is
// used. The value must not be a secret: the error quotes numbers and words.
func (f field) canonical(value string) (string, error) {
	if len(f.Allowed) > 0 {
		for _, word := range f.Allowed {
			if strings.EqualFold(word, value) {
				return word, nil
			}
		}
		return "", fmt.Errorf("%s is not one of %s", quote(value), f.allowed(func(s string) string { return s }))
	}
	parse, ok := parsers()[f.value.Type()]
	if !ok {
		return value, nil
	}
	v, err := parse(value)
	if err != nil {
		return "", fmt.Errorf("%s %w", quote(value), err)
	}
	for _, bound := range []struct {
		text string
		sign int // of the value against the bound where it is wrong
	}{{f.Min, -1}, {f.Max, 1}} {
		if bound.text == "" {
			continue
		}
		limit, err := parse(bound.text)
		if err != nil {
			return "", fmt.Errorf("has a bound that %w", err)
		}
		if compare(v, limit) == bound.sign {
			return "", fmt.Errorf("%s is out of bounds: %s", quote(value), f.allowed(nil))
		}
	}
	return value, nil
}

// compare orders two values of one type that has bounds.
func compare(a, b any) int {
	switch a := a.(type) {
	case int:
		return cmp.Compare(a, b.(int))
	case float64:
		return cmp.Compare(a, b.(float64))
	case time.Duration:
		return cmp.Compare(a, b.(time.Duration))
	}
	return 0
}

// quote shows a wrong value, cut to what a line of a log bears.
func quote(value string) string {
	const maxShown = 40
	if len(value) > maxShown {
		return strconv.QuoteToASCII(value[:maxShown]) + "…"
	}
	return strconv.QuoteToASCII(value)
}

// readSecret reads a file that holds one value and drops the newline at its
// end. Its error shows neither the content nor the path: a person who gives the
// secret itself as NAME_FILE has made the secret the path.
func readSecret(path string) (string, error) {
	// Far above any key; keeps a slip like /dev/zero from filling the memory.
	const maxSecret = 64 << 10
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("the file can't be opened: %w", withoutPath(err))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("the file can't be read: %w", withoutPath(err))
	case len(b) > maxSecret:
		return "", fmt.Errorf("the file is larger than %d bytes", maxSecret)
	}
	value := strings.TrimRight(string(b), "\r\n")
	if strings.TrimSpace(value) == "" {
		return "", errors.New("the file is empty")
	}
	return value, nil
}

func withoutPath(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
