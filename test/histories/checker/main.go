// Judges a history of calls: prints for each record whether it is linearizable, and of one that is not the smallest part that shows it.
// Since no call is about two records of a history, all linearizable means: the whole history is strictly serializable.
// `histories [-limit 60s] FILE`; exit code 0: linearizable, 1: not, 2: undecided within the limit of time, 3: no history.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

// Of how many records that are not linearizable the smallest part is searched: each may take some seconds.
const mostShown = 3

func main() {
	limit := flag.Duration("limit", time.Minute, "how long one record may take")
	flag.Parse()
	records, err := readFile(flag.Arg(0))
	if err != nil {
		fmt.Println(err)
		os.Exit(3)
	}
	os.Exit(judge(records, *limit))
}

func readFile(path string) ([]*record, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return read(file)
}

func judge(records []*record, limit time.Duration) int {
	verdicts := map[porcupine.CheckResult]int{}
	calls, open := 0, 0
	for _, r := range records {
		begin := time.Now()
		verdict := porcupine.CheckOperationsTimeout(r.family.model(), operations(r.calls), limit)
		verdicts[verdict]++
		calls += len(r.calls)
		open += unanswered(r)
		fmt.Printf("%s: %s, %d calls (%.1f s)\n", words[verdict], r.name, len(r.calls), time.Since(begin).Seconds())
		if verdict == porcupine.Illegal && verdicts[verdict] <= mostShown {
			show(r)
		}
	}
	fmt.Printf("%d records, %d calls, %d of them without an answer: %d linearizable, %d not, %d undecided\n", len(records), calls, open,
		verdicts[porcupine.Ok], verdicts[porcupine.Illegal], verdicts[porcupine.Unknown])
	switch {
	case verdicts[porcupine.Illegal] > 0:
		return 1
	case verdicts[porcupine.Unknown] > 0:
		return 2
	case calls == 0:
		return 3
	}
	return 0
}

var words = map[porcupine.CheckResult]string{
	porcupine.Ok: "linearizable", porcupine.Illegal: "NOT LINEARIZABLE", porcupine.Unknown: "UNDECIDED",
}

func unanswered(r *record) (count int) {
	for _, c := range r.calls {
		if c.Answer == nil {
			count++
		}
	}
	return count
}

// show prints the smallest window of a record's history, with times in milliseconds.
func show(r *record) {
	w := smallest(r)
	first, last := w.calls[0].Call, w.calls[0].Return
	for _, one := range w.calls {
		last = max(last, one.Return)
	}
	before := ", whatever came before"
	if !w.isFromAnyState {
		before = " after the beginning of the history"
	}
	fmt.Printf("  %s\n  no order of these calls explains their answers%s (ms from %.3f s on):\n", r.about, before, seconds(first))
	for _, one := range w.calls {
		c, mark := one.Input.(input).call, ""
		if one.Return == last {
			mark = "   <- the first answer that fits no order"
		}
		fmt.Printf("    %8.3f – %8.3f  %s, client %d: %s%s\n", ms(c.Begin-first), ms(one.Return-first), c.Server, c.Client, c, mark)
	}
	if w.others > 0 {
		fmt.Printf("    (%d other changes were under way: whether they took effect or not, it stands)\n", w.others)
	}
}

func seconds(nanoseconds int64) float64 { return float64(nanoseconds) / 1e9 }

func ms(nanoseconds int64) float64 { return float64(nanoseconds) / 1e6 }
