// The limit of a CreateKey on PostgreSQL: `pgbench` with transactions that store as many rows.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { programs } from '../test/storage/postgresql-server.ts'
import { isPinned } from './processes.ts'

/**
 * Stores the rows of a CreateKey in transactions of their own. `ordered` includes the change number, whose order makes caches exact.
 * `inserts` leaves it out, so that no transaction waits for another.
 */
export class Pgbench {
  readonly #folder: string
  readonly #database: string

  constructor(folder: string, database: string) {
    this.#folder = folder
    this.#database = database
    const tables = `
      CREATE TABLE bench_record (id text PRIMARY KEY, body text NOT NULL, mac bytea NOT NULL);
      CREATE TABLE bench_nonce (digest bytea PRIMARY KEY, expires_at bigint NOT NULL);
      CREATE TABLE bench_event (seq bigserial PRIMARY KEY, body text NOT NULL);
      CREATE TABLE bench_number (number bigint NOT NULL);
      INSERT INTO bench_number VALUES (0)`
    execFileSync(`${programs()}psql`, ['-q', '-d', database, '-c', tables], { stdio: 'pipe' })
    const [record, event] = ['x'.repeat(400), 'x'.repeat(1200)]
    const insert = `INSERT INTO bench_record VALUES (gen_random_uuid()::text, '${record}', sha256(random()::text::bytea));`
    const rows = [
      insert,
      insert,
      'INSERT INTO bench_nonce VALUES (sha256(random()::text::bytea), 1);',
      `INSERT INTO bench_event (body) VALUES ('${event}');`,
    ]
    const number = 'UPDATE bench_number SET number = number + 1;'
    this.#write('inserts', ['BEGIN;', ...rows, 'COMMIT;'])
    this.#write('ordered', ['BEGIN;', ...rows, number, 'COMMIT;'])
  }

  #write(kind: string, lines: readonly string[]): void {
    writeFileSync(this.#script(kind), `${lines.join('\n')}\n`)
  }

  #script(kind: string): string {
    return join(this.#folder, `${kind}.sql`)
  }

  /** The committed transactions per second of 64 clients. */
  perSecond(kind: 'ordered' | 'inserts'): number {
    const args = ['-n', '-M', 'prepared', '-c', '64', '-j', '1', '-T', '3', '-f', this.#script(kind), this.#database]
    const [program = '', ...rest] = [...(isPinned() ? ['taskset', '-c', '1'] : []), `${programs()}pgbench`, ...args]
    const out = execFileSync(program, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    return Number(/tps = ([\d.]+)/.exec(out)?.[1])
  }
}
