// Runs cases: creates their states, makes the calls, and judges the answers.
import { type Case, CaseError, type Members, type Suite } from './case.ts'
import { findEvent } from './events.ts'
import { eventFaults } from './matching.ts'
import { NotRun, type Result, resultOf } from './result.ts'
import { States } from './states.ts'
import { lacks, type Options, Steps } from './steps.ts'
import type { Variables } from './values.ts'

export interface Ran {
  readonly results: readonly Result[]
  /** What the run created and could not remove, each with the reason. */
  readonly left: readonly string[]
  readonly requests: number
}

const STOPPED = 'the run was stopped'

/** Runs the cases, and removes what they created, however they end. */
export async function runSuite(cases: readonly Case[], suite: Suite, options: Options): Promise<Ran> {
  const run = new Run(suite, options)
  const results: Result[] = []
  let left: readonly string[] = []
  try {
    for (const tested of cases) {
      if (options.stopped()) break
      results.push(await run.judge(tested))
      options.progress(results.length, cases.length)
    }
  } finally {
    left = await run.steps.takeAway()
  }
  const missed = cases.slice(results.length).map((tested) => resultOf(tested, 'missed', STOPPED, ''))
  return { results: [...results, ...missed], left, requests: run.steps.caller.requests }
}

class Run {
  readonly steps: Steps
  readonly #options: Options
  readonly #states: States

  constructor(suite: Suite, options: Options) {
    this.steps = new Steps(options)
    this.#options = options
    this.#states = new States(suite, options, this.steps)
  }

  /** Runs one case. */
  async judge(tested: Case): Promise<Result> {
    let requestId = ''
    try {
      const variables = await this.#states.variablesOf(tested.given)
      for (const step of tested.before) await this.steps.prepare(step, variables)
      const time = this.#options.machine.now()
      const { faults, reply } = await this.steps.judged({ ...tested, call: tested.operation }, variables)
      requestId = reply.requestId
      if (faults.length > 0 && lacks(tested, reply))
        throw new NotRun(`the server does not offer it: ${reply.code}`, true)
      for (const step of faults.length === 0 ? tested.after : [])
        faults.push(...(await this.steps.judged(step, variables)).faults)
      if (faults.length === 0 && tested.event !== undefined)
        faults.push(
          ...(await this.#eventFaults({ eventName: tested.operation, requestId, time }, tested.event, variables)),
        )
      return resultOf(tested, faults.length === 0 ? 'passed' : 'failed', faults.join('; '), requestId)
    } catch (error) {
      if (error instanceof NotRun)
        return resultOf(tested, error.isLacking ? 'not run' : 'missed', error.message, requestId)
      if (error instanceof CaseError)
        return resultOf(tested, 'missed', `the case is wrong: ${error.message}`, requestId)
      return resultOf(tested, 'failed', (error as Error).message, requestId)
    }
  }

  async #eventFaults(
    sought: { eventName: string; requestId: string; time: number },
    expected: Members | null,
    variables: Variables,
  ): Promise<readonly string[]> {
    const event = await findEvent(sought, this.steps.patience(), this.steps.caller, this.#options.machine)
    if (event === null && this.#options.stopped()) throw new NotRun(STOPPED)
    if (expected === null) return event === null ? [] : ['the call left an event']
    return event === null ? ['the call left no event within the patience'] : eventFaults(event, expected, variables)
  }
}
