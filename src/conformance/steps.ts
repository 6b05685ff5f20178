// Runs the steps of cases: fills in variables, calls, judges the answer, and keeps values for later steps.
import { type Call, Caller, type Reply, type Target, VERSIONS } from './call.ts'
import { CaseError, type Members, type Step } from './case.ts'
import { compute } from './compute.ts'
import type { Machine } from './machine.ts'
import { isAway, Made } from './made.ts'
import { faultsOf, formFaultsOf } from './matching.ts'
import { NotRun } from './result.ts'
import type { Credentials } from './signing.ts'
import { at, filled, hasVariable, parameterText, type Variables } from './values.ts'

export interface Options {
  readonly target: Target
  readonly machine: Machine
  /** How long to wait for events, and for new credentials and policies to take effect, in milliseconds. */
  readonly patienceMs: number
  /** Whether the run should end early. */
  stopped(): boolean
  progress(done: number, total: number): void
}

/** The faults of a step's answer, and the answer. */
interface Judged {
  readonly faults: string[]
  readonly reply: Reply & { readonly requestId: string }
}

const SETTLING_MS = 1000

/** The tag of all keys and secrets that runs create. */
const TAG_KEY = 'conformance'
const TAGGED = new Set(['CreateKey', 'CreateSecret'])

export class Steps {
  /** A random id that all names and tags of the run contain. */
  readonly id: string
  readonly caller: Caller
  readonly #options: Options
  readonly #machine: Machine
  readonly #made: Made

  constructor(options: Options) {
    this.#options = options
    this.#machine = options.machine
    this.caller = new Caller(options.target, options.machine)
    this.id = options.machine.randomBytes(4).toString('hex')
    this.#made = new Made(this.id)
  }

  /** Runs a step that must succeed. Throws NotRun. */
  async prepare(step: Step, variables: Variables): Promise<void> {
    const { faults, reply } = await this.judged(step, variables)
    if (faults.length === 0) return
    const what = step.call ?? step.compute ?? 'the repeated call'
    throw new NotRun(`${what} ${faults.join('; ')}`, lacks(step, reply))
  }

  /** Runs a step. Repeats a step with its own credentials within the patience: new credentials and rights may not have taken effect. */
  async judged(step: Step, variables: Variables): Promise<Judged> {
    const isOver = this.patience()
    for (;;) {
      const judged = await this.#judgedOnce(step, variables)
      if (judged.faults.length === 0 || !step.by || isOver()) return judged
      await this.#machine.pause(SETTLING_MS)
    }
  }

  /** Begins a wait. The returned function says whether it is over. */
  patience(): () => boolean {
    const until = this.#machine.now() + this.#options.patienceMs
    return () => this.#machine.now() >= until || this.#options.stopped()
  }

  /** Runs a step. Returns the faults of its answer, and sets the variables that it keeps. */
  async #judgedOnce(step: Step, variables: Variables): Promise<Judged> {
    const reply = await this.#taken(step, variables)
    const { expect = {} } = step
    const faults = [...faultsOf(reply, expect, variables)]
    if (step.compute === undefined) faults.push(...formFaultsOf(reply, expect))
    for (const [name, path] of Object.entries(step.keep ?? {})) {
      const value = at(reply.body, path)
      if (value !== undefined) variables.set(name, String(value))
      else if (faults.length === 0) faults.push(`${path} is absent`)
    }
    return { faults, reply: { ...reply, requestId: String(at(reply.body, 'RequestId') ?? '') } }
  }

  async #taken(step: Step, variables: Variables): Promise<Reply> {
    const parameters = this.#textsOf(step.request ?? {}, variables)
    if (step.again) return this.caller.again()
    if (step.compute !== undefined) {
      const body = compute(step.compute, parameters, this.#machine)
      return { status: 200, headers: {}, text: '', body, code: null }
    }
    const action = step.call ?? ''
    const { product = 'Kms' } = step
    const version = step.version ?? VERSIONS[product]
    if (version === undefined) throw new CaseError(`there is no product ${product}`)
    const request = step.request ?? {}
    // In a call that must be refused, a name without variables is one that cannot exist.
    const isRefused = (step.expect?.status ?? 200) >= 300
    const foreign = this.#made.foreign(action, parameters, (name) => !isRefused || hasVariable(request[name] ?? null))
    if (foreign !== null) throw new CaseError(`${action} would change what the run has not made: ${foreign}`)
    const tagged = TAGGED.has(action) && parameters['Tags'] === undefined
    const tags = JSON.stringify([{ TagKey: TAG_KEY, TagValue: this.id }])
    const call: Call = {
      action,
      product,
      version,
      parameters: tagged ? { ...parameters, Tags: tags } : parameters,
      credentials: this.#credentialsOf(step, variables),
      send: JSON.parse(filledJson(step.send ?? {}, variables)),
    }
    const reply = await this.caller.call(call)
    if (reply.code?.includes('Throttling') && step.expect?.code !== reply.code)
      throw new NotRun(`${action} is throttled: ${reply.code}`)
    this.#made.note({ ...call, credentials: this.caller.credentials }, reply)
    return reply
  }

  #textsOf(request: Members, variables: Variables): Readonly<Record<string, string>> {
    return Object.fromEntries(
      Object.entries(request).map(([name, value]) => [name, parameterText(value, variables, this.#machine)]),
    )
  }

  #credentialsOf({ by }: Step, variables: Variables): Credentials {
    if (!by) return this.caller.credentials
    const of = (text: string) => filled(text, variables)
    return {
      AccessKeyId: of(by.AccessKeyId),
      AccessKeySecret: of(by.AccessKeySecret),
      SecurityToken: by.SecurityToken === undefined ? undefined : of(by.SecurityToken),
    }
  }

  /** Removes everything that was created. Returns what remains, each with the reason. */
  async takeAway(): Promise<readonly string[]> {
    const left: string[] = []
    for (const call of this.#made.takenAwayBy()) {
      const why = await this.caller.call(call).then(
        async (reply) =>
          isAway(reply) || (await this.#isPendingDeletion(call)) ? null : `${reply.status} ${reply.code}`,
        (error: Error) => error.message,
      )
      if (why !== null) left.push(`${call.action} ${JSON.stringify(call.parameters)}: ${why}`)
    }
    return left
  }

  async #isPendingDeletion({ action, parameters, ...call }: Call): Promise<boolean> {
    const keyId = parameters['KeyId']
    if (keyId === undefined) return false
    const reply = await this.caller.call({ ...call, action: 'DescribeKey', parameters: { KeyId: keyId } })
    return at(reply.body, 'KeyMetadata.KeyState') === 'PendingDeletion'
  }
}

/** Whether the server says that it lacks what the step needs. */
export function lacks({ mayLack = [] }: Step, { code }: Reply): boolean {
  return code !== null && mayLack.includes(code)
}

function filledJson(value: object, variables: Variables): string {
  return filled(JSON.stringify(value), variables, (text) => JSON.stringify(text).slice(1, -1))
}
