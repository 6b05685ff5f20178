// Servers for histories: several processes on one PostgreSQL database, or one on SQLite.
import { join } from 'node:path'
import { type Credentials, type Program, removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'

/** The account of all servers: a first start takes it from the environment. */
const ACCOUNT: Credentials = {
  accountId: '1234567890123456',
  accessKeyId: 'LTAIhistories',
  accessKeySecret: 'the secret of all servers',
}
/** Many calls of a history are refused on purpose. */
const FLAGS = ['--refused-bytes-per-second', '1000000000']

export interface Servers extends AsyncDisposable {
  readonly credentials: Credentials
  readonly programs: readonly Program[]
  endpoints(): readonly string[]
}

/** Starts servers on a database; `database` null for SQLite, which one server has. */
export async function startServers(
  count: number,
  database: string | null,
  flags: readonly string[] = [],
): Promise<Servers> {
  const folder = temporaryFolder()
  const programs: Program[] = []
  const env = {
    STRONGROOM_ACCOUNT_ID: ACCOUNT.accountId,
    STRONGROOM_ROOT_ACCESS_KEY_ID: ACCOUNT.accessKeyId,
    STRONGROOM_ROOT_ACCESS_KEY_SECRET: ACCOUNT.accessKeySecret,
  }
  const where = database === null ? [] : ['--database', database]
  const rootKey = ['--root-key-file', join(folder, 'root-key')]
  for (let n = 1; n <= count; n++)
    programs.push(
      await startProgram({ data: join(folder, `${n}`), flags: [...where, ...rootKey, ...FLAGS, ...flags], env }),
    )
  return {
    credentials: ACCOUNT,
    programs,
    endpoints: () => programs.map(({ endpoint }) => endpoint),
    async [Symbol.asyncDispose]() {
      await Promise.all(programs.map((program) => program.stop()))
      removeFolder(folder)
    },
  }
}
