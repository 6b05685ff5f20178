// Servers for histories: several processes on one PostgreSQL database, or one on SQLite.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Credentials, type Program, removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'

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
    const { database, flags = [], defect } = this.#start
    const where = database === null ? [] : ['--database', database]
    const rootKey = ['--root-key-file', join(this.#folder, 'root-key')]
    this.#programs[n] = await startProgram({
      data: join(this.#folder, `${n}`),
      flags: [...where, ...rootKey, ...FLAGS, ...flags],
      env: ENV,
      ...(defect !== undefined && { command: [process.execPath, PLANTED, defect] as const }),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#programs.map((program) => program?.stop()))
    removeFolder(this.#folder)
  }
}
