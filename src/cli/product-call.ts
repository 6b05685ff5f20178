// The ways of calling an operation: once, for all pages, until a member has a state, or as a dry run.
import { setTimeout as pause } from 'node:timers/promises'
import { Refusal } from '../api/errors.ts'
import { readValues } from '../api/parameters.ts'
import type { CallOperation } from '../gateway/house.ts'
import type { Flags } from '../settings/flags.ts'
import { UsageError } from '../settings/usage-error.ts'
import { type Answered, ask } from './ask.ts'
import { clientOptions } from './client-options.ts'
import { everyPage } from './pages.ts'
import type { Surroundings } from './surroundings.ts'
import { statesIn, waitUntil } from './wait.ts'

export type Manner =
  | 'once'
  | 'all'
  | 'dry-run'
  | { readonly state: string; readonly limitMs: number }
  | { readonly until: (answer: unknown) => unknown; readonly limitMs: number }

/** The last answer. `reached`: whether it is the awaited one. */
interface Outcome {
  readonly last: Answered
  readonly reached: boolean
}

type Texts = ReadonlyMap<string, string>

/** Calls the operation. Throws UsageError where it can't be called in this way. */
export async function carryOut(
  operation: CallOperation,
  parameters: Texts,
  manner: Manner,
  flags: Flags,
  around: Surroundings,
): Promise<Outcome> {
  if (manner === 'dry-run') return { last: await dryRun(operation, parameters, flags, around), reached: true }
  // Credentials are read for each call: a role's session may expire between two calls.
  const call = async (more = parameters) => ask(more, await clientOptions(flags, around))
  if (manner === 'once') return { last: await call(), reached: true }
  try {
    if (manner !== 'all') return await awaited(call, manner, around)
    const seen = (items: number) => around.status(`${items} so far`)
    return { last: await everyPage(operation.parameters, parameters, call, seen), reached: true }
  } finally {
    around.status('')
  }
}

async function awaited(
  call: () => Promise<Answered>,
  manner: Exclude<Manner, string>,
  around: Surroundings,
): Promise<Outcome> {
  const reached = (answer: Answered['answer']) => {
    if ('until' in manner) return isTrue(manner.until(answer))
    const states = statesIn(answer)
    if (states.length === 0)
      throw new UsageError('the answer has no member whose name ends in State or Status: use `--wait-until EXPRESSION`')
    around.status(`${states.join(', ')}, waiting for ${manner.state}`)
    return states.includes(manner.state)
  }
  const outcome = await waitUntil(call, reached, manner.limitMs, { now: () => performance.now(), pause })
  around.status('')
  if (!outcome.reached && outcome.last.status < 300)
    around.complain(`not reached within ${manner.limitMs / 1000} s; the last answer follows`)
  return outcome
}

/** JMESPath's truth: false, null and empty values are not true. */
function isTrue(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '') return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}

/** Asks the service if the operation has the parameter DryRun; otherwise checks the parameters against their declarations. */
async function dryRun(
  { name, parameters: declared }: CallOperation,
  parameters: Texts,
  flags: Flags,
  around: Surroundings,
): Promise<Answered> {
  if (!Object.hasOwn(declared, 'DryRun')) {
    checked(declared, parameters)
    around.complain(`${name} has no parameter DryRun: its parameters are valid, and nothing was sent`)
    return { status: 200, answer: {} }
  }
  const asked = await ask(new Map([...parameters, ['DryRun', 'true']]), await clientOptions(flags, around))
  if (asked.answer['Code'] !== 'DryRunOperationError') return asked
  return { status: 200, answer: { Message: asked.answer['Message'], RequestId: asked.answer['RequestId'] } }
}

/** Throws UsageError where a parameter is missing or breaks its rule. */
function checked(declared: CallOperation['parameters'], parameters: Texts): void {
  try {
    readValues(declared, parameters)
  } catch (error) {
    if (error instanceof Refusal) throw new UsageError(`${error.code}: ${error.message} Nothing was sent.`)
    throw error
  }
}
