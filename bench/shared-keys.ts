// Searches over many keys on PostgreSQL.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { programs, startAlone } from '../test/storage/postgresql-server.ts'
import { fill } from './fill.ts'
import type { Job } from './load.ts'
import { callsOf, cpuMsOfAll, cpuMsOfEnded, load, moveDatabase, type Server, startStrongroom } from './processes.ts'
import { type Parameters, searches } from './searches.ts'

interface Run {
  readonly credentials: { readonly accountId: string; readonly accessKeyId: string; readonly accessKeySecret: string }
  readonly region: string
  /** The number of keys. */
  readonly count: number
  job(server: Server, parameters: readonly Parameters[], requests: number): Job
  row(name: string, figures: string, budget?: string): void
}

/** Reports the first pages of searches. CPU time is that of the server and of PostgreSQL. */
export async function sharedKeys(folder: string, { credentials, region, count, job, row }: Run): Promise<void> {
  const data = join(folder, 'shared-keys')
  await (await startStrongroom(data, credentials)).stop()
  await fill(data, credentials.accountId, region, count)
  await using postgresql = await startAlone()
  const database = postgresql.database()
  moveDatabase(data, database)
  // PostgreSQL's autovacuum does the same after a minute.
  execFileSync(`${programs()}psql`, [database, '-qc', 'VACUUM ANALYZE'])
  const rootKey = ['--root-key-file', join(data, 'root-key')]
  const server = await startStrongroom(join(folder, 'shared-keys-server'), credentials, [
    '--database',
    database,
    ...rootKey,
  ])
  const postmaster = Number.parseInt(readFileSync(join(postgresql.folder, 'data', 'postmaster.pid'), 'utf8'), 10)
  const used = () => server.cpuMs() + cpuMsOfAll(postmaster) + cpuMsOfEnded(postmaster)
  const measure = async (parameters: readonly Parameters[], requests: number) => {
    const one = job(server, parameters, requests)
    const before = used()
    const measured = await load(one)
    return { ...measured, cpuUs: ((used() - before) * 1000) / callsOf(one) }
  }
  await searches({ load: measure, row })
  await server.stop()
}
