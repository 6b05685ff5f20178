// The sequential specification of what the calls are about: from a state and a call to the answer and the state afterwards.
package main

import (
	"fmt"
	"hash/maphash"
	"strings"

	"github.com/anishathalye/porcupine"
)

// A state is a comparable value.
type state = any

// A family is a kind of record, with the calls that are made on it.
type family struct {
	begin state
	// perform returns the answer of a call and the state after it. `told` is the answer that the service gave, or "" for none: what
	// the service chooses (the name of what it makes) is taken from there.
	perform func(before state, c *call, told string) (answer string, after state)
}

var families = map[string]*family{
	"key":         {keyState{state: "Enabled"}, performOnKey},
	"material":    {materialState{state: "Enabled", present: true}, performOnMaterial},
	"aliases":     {aliasState{aliases: [2]int{none, none}, tags: [2]string{"yes", "yes"}}, performOnAliases},
	"access":      {accessState{color: "red"}, performOnAccess},
	"access keys": {accessKeysState{keys: [2]accessKey{{}, {"a1", "Active"}}}, performOnAccessKeys},
	"sessions":    {roleState{"r1", true, true}, performOnSessions},
	"groups":      {groupsState{{exists: true}}, performOnGroups},
	"secrets":     {newSecret(0, "red", false), performOnSecrets},
	"duel":        {duelState{true, true}, performOnDuel},
}

// model is the family's specification in Porcupine's form, beginning with its first state.
func (f *family) model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return f.begin },
		Step: func(before, in, out any) (bool, any) {
			told, _ := out.(string)
			answer, after := f.perform(before, in.(input).call, told)
			return told == "" || told == answer, after
		},
		Hash: hashOf,
	}
}

// modelFrom begins with any of the states, and knows calls that may have taken effect earlier.
func (f *family) modelFrom(states set) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return states },
		Step: func(before, in, out any) (bool, any) {
			told, _ := out.(string)
			asked := in.(input)
			after := set{}
			for one := range before.(set) {
				if asked.earlier {
					after[one] = true
				}
				if answer, next := f.perform(one, asked.call, told); told == "" || told == answer {
					after[next] = true
				}
			}
			return len(after) > 0, after
		},
		Equal: func(a, b any) bool { return a.(set).equals(b.(set)) },
		Hash:  func(s any) uint64 { return s.(set).hash() },
	}
}

// reachable returns the states that any sequence of these calls leads to, or nil when there are more than `limit`.
func (f *family) reachable(calls []*call, limit int) set {
	changes := map[string]*call{}
	for _, c := range calls {
		if !c.onlyReads() {
			changes[c.String()] = c
		}
	}
	found := set{f.begin: true}
	for open := []state{f.begin}; len(open) > 0; {
		one := open[0]
		open = open[1:]
		for _, c := range changes {
			told := ""
			if c.Answer != nil {
				told = *c.Answer
			}
			if _, next := f.perform(one, c, told); !found[next] {
				found[next] = true
				open = append(open, next)
			}
		}
		if len(found) > limit {
			return nil
		}
	}
	return found
}

type set map[state]bool

func (s set) equals(other set) bool {
	if len(s) != len(other) {
		return false
	}
	for one := range s {
		if !other[one] {
			return false
		}
	}
	return true
}

func (s set) hash() (all uint64) {
	for one := range s {
		all ^= hashOf(one)
	}
	return all
}

var seed = maphash.MakeSeed()

func hashOf(s any) uint64 { return maphash.Comparable(seed, s) }

const (
	ok            = "OK"
	notPermitted  = "Forbidden.NoPermission"
	stateModified = "Rejected.StateModifiedFailed"
)

// unknown stops the judge: a recorder that asks what no model knows is wrong itself.
func unknown(c *call) string { panic(fmt.Sprintf("the model of %s does not know %s", c.Family, c)) }

func said(words ...string) string { return strings.Join(append([]string{ok}, words...), " ") }
