// Servers for histories: several processes on one PostgreSQL database, or one on SQLite.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type Credentials,
  type Program,
  removeFolder,
  runProgram,
  startProgram,
  temporaryFolder,
} from '../acceptance/program.ts'

/** The account of all servers: the first start takes it from the environment. */
const ACCOUNT: Credentials = {
  accountId: '1234567890123456',
  accessKeyId: 'LTAIhistories',
  accessKeySecret: 'the secret of all servers',
}
const ENV = {
  STRONGROOM_ACCOUNT_ID: ACCOUNT.accountId,
  STRONGROOM_ROOT_ACCESS_KEY_ID: ACCOUNT.accessKeyId,
  STRONGROOM_ROOT_ACCESS_KEY_SECRET: ACCOUNT.accessKeySecret,
}
/** Many calls of a history are refused on purpose. */
const FLAGS = ['--refused-bytes-per-second', '1000000000']

const PLANTED = fileURLToPath(new URL('planted-server.ts', import.meta.url))

export interface Start {
  /** null for SQLite, which one server has. */
  readonly database: string | null
  readonly flags?: readonly string[]
  /** The defect that they have: see planted-server.ts. */
  readonly defect?: string
}

export class Servers implements AsyncDisposable {
  readonly credentials = ACCOUNT
  readonly #folder = temporaryFolder()
  readonly #start: Start
  readonly #programs: (Program | null)[] = []

  private constructor(start: Start) {
    this.#start = start
  }

  /** Starts servers, one after the other. */
  static async start(count: number, start: Start): Promise<Servers> {
    const servers = new Servers(start)
    for (let n = 0; n < count; n++) await servers.restart(n)
    return servers
  }

  /** Their addresses; '' for one that was killed. */
  endpoints(): readonly string[] {
    return this.#programs.map((program) => program?.endpoint ?? '')
  }

  /** Kills one, without a word to it. */
  async kill(n: number): Promise<void> {
    const program = this.#programs[n]
    this.#programs[n] = null
    await program?.stop('SIGKILL')
  }

  /** Starts one again on its data. */
  async restart(n: number): Promise<void> {
    const { flags = [], defect } = this.#start
    this.#programs[n] = await startProgram({
      data: this.#data(n),
      flags: [...this.#shared(), ...FLAGS, ...flags],
      env: ENV,
      ...(defect !== undefined && { command: [process.execPath, PLANTED, defect] as const }),
    })
  }

  /** Rotates the root keys beside them; the former ones go on opening tokens. */
  async rotate(): Promise<void> {
    const args = ['root-key', 'rotate', '--settle-seconds', '0', '--data', this.#data(0), ...this.#shared()]
    const { code, err } = await runProgram(args, ENV)
    assert.equal(code, 0, err)
  }

  #data(n: number): string {
    return join(this.#folder, `${n}`)
  }

  /** The flags that say what all of them share. */
  #shared(): readonly string[] {
    const { database } = this.#start
    return [...(database === null ? [] : ['--database', database]), '--root-key-file', join(this.#folder, 'root-key')]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#programs.map((program) => program?.stop()))
    removeFolder(this.#folder)
  }
}
