// The smallest part of a history that no order of its calls explains, whatever came before it.
package main

import (
	"slices"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

const (
	// How long one question of the search may take, and all of them for one record. What takes longer leaves the window larger.
	questionLimit = time.Second
	searchLimit   = 8 * time.Second
	// From more states than this no window is searched: the history from its beginning is shown.
	mostStates = 20_000
	// In a larger window nothing more is left out.
	mostCalls = 60
)

// A window of a history: the calls that contradict each other.
type window struct {
	calls []porcupine.Operation
	// How many other calls may or may not have taken effect in it: the contradiction stands either way.
	others int
	// Whether it stands whatever came before, or only after the history before it.
	isFromAnyState bool
}

// A search asks Porcupine, again and again, whether a part of a history is illegal.
type search struct{ end time.Time }

func (s search) illegal(model porcupine.Model, history []porcupine.Operation) bool {
	limit := min(questionLimit, time.Until(s.end))
	return limit > 0 && porcupine.CheckOperationsTimeout(model, history, limit) == porcupine.Illegal
}

// smallest returns the window in a history that is not linearizable.
func smallest(r *record) window {
	s := search{time.Now().Add(searchLimit)}
	all := operations(r.calls)
	end := s.firstEnd(r.family, all)
	whole := until(all, end)
	part, isFromAnyState, silent := whole, false, []porcupine.Operation(nil)
	if states := r.family.reachable(r.calls, mostStates); states != nil {
		model := r.family.modelFrom(states)
		if shorter, found := s.lastBeginning(model, whole); found {
			isFromAnyState = true
			part, silent = s.without(model, shorter, end)
		}
	}
	underWay := func(one porcupine.Operation) bool { return one.Return == never }
	shown := slices.DeleteFunc(slices.Clone(part), underWay)
	return window{shown, len(part) - len(shown) + len(silent), isFromAnyState}
}

// until returns the history as it was known at `end`: calls that were under way then had no answer.
func until(all []porcupine.Operation, end int64) []porcupine.Operation {
	var known []porcupine.Operation
	for _, one := range all {
		if one.Call > end {
			continue
		}
		if one.Return > end {
			if one.Input.(input).onlyReads() {
				continue
			}
			one.Output, one.Return = nil, never
		}
		known = append(known, one)
	}
	return known
}

// firstEnd returns the earliest end of a call with which the history is illegal: from there on it stays so.
func (s search) firstEnd(f *family, all []porcupine.Operation) int64 {
	var ends []int64
	for _, one := range all {
		if one.Return != never {
			ends = append(ends, one.Return)
		}
	}
	slices.Sort(ends)
	model := f.model()
	at := sort.Search(len(ends)-1, func(i int) bool { return s.illegal(model, until(all, ends[i])) })
	return ends[at]
}

// lastBeginning returns the shortest end of the history that is illegal from every state.
func (s search) lastBeginning(model porcupine.Model, all []porcupine.Operation) ([]porcupine.Operation, bool) {
	isIllegal := func(back int) bool { return s.illegal(model, since(all, all[len(all)-back].Call)) }
	reach := 1
	for !isIllegal(reach) {
		if reach == len(all) {
			return nil, false
		}
		reach = min(2*reach, len(all))
	}
	least := reach/2 + 1
	back := least + sort.Search(reach-least, func(i int) bool { return isIllegal(least + i) })
	return since(all, all[len(all)-back].Call), true
}

// since returns the history from `begin` on: calls that were under way then may have taken effect earlier.
func since(all []porcupine.Operation, begin int64) []porcupine.Operation {
	var part []porcupine.Operation
	for _, one := range all {
		if one.Return < begin {
			continue
		}
		if one.Call < begin {
			one.Call = begin
			one.Input = input{one.Input.(input).call, true}
		}
		part = append(part, one)
	}
	return part
}

// without leaves out reads and refused calls that the contradiction does not need, and sets those changes apart (`silent`) without
// whose answers it stands.
func (s search) without(model porcupine.Model, part []porcupine.Operation, end int64) (shown, silent []porcupine.Operation) {
	shown = slices.Clone(part)
	if len(part) > mostCalls {
		return shown, nil
	}
	for i := 0; i < len(shown); {
		one, rest, still := shown[i], slices.Delete(slices.Clone(shown), i, i+1), silent
		if in := one.Input.(input); !in.onlyReads() && !in.isRefused() {
			one.Output, one.Return = nil, never
			still = append(slices.Clone(silent), one)
		}
		isNeeded := shown[i].Return == end || shown[i].Return == never
		if !isNeeded && s.illegal(model, append(rest, still...)) {
			shown, silent = slices.Delete(slices.Clone(shown), i, i+1), still
			continue
		}
		i++
	}
	return shown, silent
}
