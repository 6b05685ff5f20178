// A history: the calls that were made, each with its beginning and its end on one clock, and with its answer.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"
)

// never is the end of a call whose outcome nobody knows: it may take effect at any time from its beginning on, or never.
const never = math.MaxInt64

// A call as the recorder wrote it. Times are nanoseconds. Answer is nil, and End too, for an unknown outcome.
type call struct {
	Record string   `json:"record"`
	Family string   `json:"family"`
	About  string   `json:"about"`
	Server string   `json:"server"`
	Client int      `json:"client"`
	Begin  int64    `json:"begin"`
	End    *int64   `json:"end"`
	Name   string   `json:"call"`
	Args   []string `json:"args"`
	As     string   `json:"as"`
	Answer *string  `json:"answer"`
}

func (c *call) arg(i int) string { return c.Args[i] }

// isRefused tells a call whose answer is a refusal: it changed nothing.
func (c *call) isRefused() bool { return c.Answer != nil && !strings.HasPrefix(*c.Answer, ok) }

// onlyReads tells a call that changes nothing, whatever it answers.
func (c *call) onlyReads() bool {
	for _, prefix := range []string{"Describe", "List", "Get", "Encrypt", "Decrypt"} {
		if strings.HasPrefix(c.Name, prefix) {
			return true
		}
	}
	return false
}

func (c *call) String() string {
	words := c.Name
	if len(c.Args) > 0 {
		words += "(" + strings.Join(c.Args, ", ") + ")"
	}
	if c.As != "" {
		words += " as " + c.As
	}
	if c.Answer == nil {
		return words + " → no answer"
	}
	return words + " → " + *c.Answer
}

// A record with its calls. What the family calls a record may consist of several that the same calls read and change.
type record struct {
	name, about string
	family      *family
	calls       []*call
}

// read reads JSON lines: one with `about` for each record, and one for each call.
func read(from io.Reader) ([]*record, error) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	var records []*record
	byName := map[string]*record{}
	for number := 1; lines.Scan(); number++ {
		c := new(call)
		if err := json.Unmarshal(lines.Bytes(), c); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if c.About != "" {
			known, ok := families[c.Family]
			if !ok {
				return nil, fmt.Errorf("line %d: no model of %q", number, c.Family)
			}
			byName[c.Record] = &record{name: c.Record, about: c.About, family: known}
			records = append(records, byName[c.Record])
			continue
		}
		of := byName[c.Record]
		if of == nil {
			return nil, fmt.Errorf("line %d: nothing said about the record %q", number, c.Record)
		}
		of.calls = append(of.calls, c)
	}
	return records, lines.Err()
}

// An input of the models. `earlier`: the call may have taken effect before the window that is looked at.
type input struct {
	*call
	earlier bool
}

// operations returns the calls as Porcupine takes them. One that only reads says nothing without its answer.
func operations(calls []*call) []porcupine.Operation {
	var all []porcupine.Operation
	for _, c := range calls {
		if c.Answer == nil && c.onlyReads() {
			continue
		}
		operation := porcupine.Operation{Input: input{call: c}, Call: c.Begin, Return: never}
		if c.Answer != nil {
			operation.Output, operation.Return = *c.Answer, *c.End
		}
		all = append(all, operation)
	}
	slices.SortStableFunc(all, func(a, b porcupine.Operation) int { return compare(a.Call, b.Call) })
	return all
}

func compare(a, b int64) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}
