// A service with a token under the load of 64 callers, half of them on a software key, half on an HSM key, of which half encrypt and half
// decrypt, while harm is done to it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { TestToken } from '../keystore/pkcs11/tokens.ts'
import { times } from '../size.ts'
import { type Program, removeFolder, startProgram } from './program.ts'

const CALLERS = 64
const REGION = { RegionId: 'cn-hongkong' }
/**
 * Whether to measure on an idle machine, and to hold the service to its promise for calls on HSM keys under the default time limit.
 * Else the limit is ten times that, and nothing depends on the machine's pace.
 */
const IS_MEASURED = process.env['STRONGROOM_MEASURE'] === '1'
export const LIMIT_MS = IS_MEASURED ? 200 : 2000
const PROMISED_MS = 250
const PATIENCE_MS = 120_000
/** Harms last for seconds: callers that never rest would use all of the machine meanwhile. */
const REST_MS = IS_MEASURED ? 0 : 1000 / times('rounds of each caller in a second')
const HEAD =
  '| harm | software calls, all well | HSM calls that answered | HSM calls that failed with 503 | slowest HSM call | slowest software call | well again after |'

type Level = 'SOFTWARE' | 'HSM'

/** What callers on a key send, and the answer to it; null where any is right. */
interface Asked {
  readonly action: 'Encrypt' | 'Decrypt'
  readonly parameters: Readonly<Record<string, string>>
  readonly plaintext: string | null
}

interface Answered {
  readonly level: Level
  readonly status: number
  readonly isRight: boolean
  readonly ms: number
}

/** What callers saw of one harm. */
export interface Seen {
  readonly answered: number
  readonly failed: number
}

export class Chaos implements AsyncDisposable {
  readonly program: Program
  readonly #keys: Readonly<Record<Level, string>>
  readonly #callers: readonly Promise<void>[]
  #answers: Answered[] = []
  #running = true
  readonly #table = [HEAD]

  private constructor(program: Program, keys: Readonly<Record<Level, string>>, blob: string) {
    this.program = program
    this.#keys = keys
    this.#callers = Array.from({ length: CALLERS }, (_, i) =>
      i % 2 === 0
        ? this.#caller('SOFTWARE', encryption(keys.SOFTWARE))
        : this.#caller('HSM', i % 4 === 1 ? encryption(keys.HSM) : decryption(blob)),
    )
  }

  static async begin(token: TestToken): Promise<Chaos> {
    const program = await startProgram({ flags: token.flags, env: token.env })
    const create = async (ProtectionLevel: Level): Promise<string> => {
      const { status, body } = await program.call('CreateKey', { ProtectionLevel, ...REGION })
      assert.equal(status, 200, JSON.stringify(body))
      return body.KeyMetadata.KeyId
    }
    const keys = { SOFTWARE: await create('SOFTWARE'), HSM: await create('HSM') }
    const { action, parameters } = encryption(keys.HSM)
    return new Chaos(program, keys, (await program.call(action, parameters)).body.CiphertextBlob)
  }

  async #caller(level: Level, { action, parameters, plaintext }: Asked): Promise<void> {
    while (this.#running) {
      const start = performance.now()
      const { status, body } = await this.program.call(action, parameters)
      const isRight = status !== 200 || plaintext === null || body.Plaintext === plaintext
      this.#answers.push({ level, status, isRight, ms: performance.now() - start })
      // A caller waits before it tries again, as SDKs do.
      await pause(status === 200 ? REST_MS : Math.max(REST_MS, 20))
    }
  }

  /** The id of the library's process; 0 while there is none. */
  get modulePid(): number {
    const { pid } = this.program.process
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0])
  }

  async encrypts(): Promise<boolean> {
    const asked = { KeyId: this.#keys.HSM, Plaintext: 'healed?', ...REGION }
    return (await this.program.call('Encrypt', asked)).status === 200
  }

  /** Whether what the HSM key encrypts now opens, too. */
  async opens(): Promise<boolean> {
    const { body } = await this.program.call('Encrypt', { KeyId: this.#keys.HSM, Plaintext: 'still there', ...REGION })
    const opened = await this.program.call('Decrypt', { CiphertextBlob: body.CiphertextBlob, ...REGION })
    return opened.body.Plaintext === 'still there'
  }

  /** How many calls on the HSM key there were since the trial began. */
  get seen(): Seen {
    const hsm = this.#answers.filter(({ level }) => level === 'HSM')
    const failed = hsm.filter(({ status }) => status === 503).length
    return { answered: hsm.length - failed, failed }
  }

  /** Waits for what must come in the end, however slow the machine is. */
  async until(what: () => boolean, name: string): Promise<void> {
    for (const start = performance.now(); !what(); await pause(20))
      assert.ok(performance.now() - start < PATIENCE_MS, `${name}: ${this.program.log().slice(-2000)}`)
  }

  /** Waits until calls on the HSM key succeed again; answers after how many milliseconds. */
  async #healed(): Promise<number> {
    const start = performance.now()
    for (let successes = 0; successes < 3; ) {
      successes = (await this.encrypts()) ? successes + 1 : 0
      assert.ok(performance.now() - start < PATIENCE_MS, `not healed: ${this.program.log().slice(-2000)}`)
      if (successes === 0) await pause(10)
    }
    return performance.now() - start
  }

  /** Does harm for a while, then ends it; checks what callers saw from the beginning until all was well. */
  async trial(name: string, harm: () => Promise<void>, endHarm: () => Promise<void> | void): Promise<Seen> {
    await this.#healed()
    this.#answers = []
    await harm()
    await endHarm()
    const healedMs = await this.#healed()
    const seen = [...this.#answers]
    const of = (level: Level) => seen.filter((answer) => answer.level === level)
    const slowest = (some: readonly Answered[]) => Math.max(0, ...some.map(({ ms }) => ms))
    const [software, hsm] = [of('SOFTWARE'), of('HSM')]
    const { answered, failed } = this.seen
    this.#table.push(
      `| ${name} | ${software.length} | ${answered} | ${failed} | ${slowest(hsm).toFixed(0)} ms | ${slowest(software).toFixed(0)} ms | ${healedMs.toFixed(0)} ms |`,
    )
    assert.ok(software.length > 0)
    assert.deepEqual(
      software.filter(({ status }) => status !== 200),
      [],
    )
    assert.deepEqual(
      hsm.filter(({ status }) => status !== 200 && status !== 503),
      [],
    )
    assert.ok(seen.every(({ isRight }) => isRight))
    // What the machine itself is late with shows in the calls that need no HSM.
    if (IS_MEASURED) assert.ok(slowest(hsm) <= PROMISED_MS + slowest(software), `an HSM call took ${slowest(hsm)} ms`)
    return { answered, failed }
  }

  /** Ends the load, and prints the table of docs/hsm.md. */
  async calm(): Promise<void> {
    this.#running = false
    await Promise.all(this.#callers)
    process.stdout.write(`${this.#table.join('\n')}\n`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#running = false
    await Promise.allSettled(this.#callers)
    await this.program.stop()
    removeFolder(this.program.data)
  }
}

function encryption(KeyId: string): Asked {
  return { action: 'Encrypt', parameters: { KeyId, Plaintext: 'chaos', ...REGION }, plaintext: null }
}

function decryption(CiphertextBlob: string): Asked {
  return { action: 'Decrypt', parameters: { CiphertextBlob, ...REGION }, plaintext: 'chaos' }
}
