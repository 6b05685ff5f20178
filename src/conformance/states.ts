// Creates the states in which cases begin, each once in a run.
import type { Suite } from './case.ts'
import { NotRun } from './result.ts'
import type { Options, Steps } from './steps.ts'
import type { Variables } from './values.ts'

export class States {
  readonly #suite: Suite
  readonly #options: Pick<Options, 'machine' | 'target'>
  readonly #steps: Steps
  /** The variables of each state, or the reason why it could not be created. */
  readonly #made = new Map<string, Promise<Variables | NotRun>>()
  #counter = 0

  constructor(suite: Suite, options: Pick<Options, 'machine' | 'target'>, steps: Steps) {
    this.#suite = suite
    this.#options = options
    this.#steps = steps
  }

  /** Values that are unique to a case: texts for names, and ids that do not exist. */
  #fresh(): Variables {
    const hex = this.#options.machine.randomBytes(16).toString('hex')
    const nobody = hex.replace(/^(.{4}).(.{3}).(.{3})(.{12}).*$/, `${this.#steps.id}-$1-4$2-a$3-$4`)
    return new Map([
      ['run', this.#steps.id],
      ['region', this.#options.target.region],
      ['name', `conformance-${this.#steps.id}-${++this.#counter}`],
      ['nobody', nobody],
      ['nonce', hex],
      ['accessKeyId', this.#steps.caller.credentials.AccessKeyId],
    ])
  }

  /** The variables of a case that begins in these states. Throws NotRun where a state can't be created. */
  async variablesOf(givens: readonly string[]): Promise<Variables> {
    const variables = this.#fresh()
    for (const given of givens) {
      const state = this.#made.get(given) ?? this.#makeState(given)
      this.#made.set(given, state)
      const made = await state
      if (made instanceof NotRun) throw made
      for (const [name, value] of made) variables.set(name, value)
    }
    return variables
  }

  /** Creates a state. Resolves with the variables that its steps keep. */
  async #makeState(name: string): Promise<Variables | NotRun> {
    try {
      const { given = [], steps = [] } = this.#suite.givens.get(name) ?? {}
      const variables = await this.variablesOf(given)
      for (const step of steps) await this.#steps.prepare(step, variables)
      for (const own of this.#fresh().keys()) variables.delete(own)
      return variables
    } catch (error) {
      const { message } = error as Error
      return new NotRun(`the state ${name} can't be made: ${message}`, error instanceof NotRun && error.isLacking)
    }
  }
}
