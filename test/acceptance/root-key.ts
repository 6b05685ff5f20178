// What the tests of `strongroom root-key` share: running it, killing it, callers beside it, and where secrets lie.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import type { ServiceWork } from '../../src/ledger/stored-event.ts'
import type { InstallationBody } from '../../src/rootkeys/installation-record.ts'
import { openStorage } from '../../src/storage/open.ts'
import { ringOf } from '../rootkeys/roots.ts'
import { times } from '../size.ts'
import { until } from '../until.ts'
import { runHere } from './line.ts'
import { BIN, type Program, startProgram } from './program.ts'

export type Env = Record<string, string>

export async function must(program: Program, action: string, parameters: Record<string, string> = {}) {
  const { status, body } = await program.call(action, parameters)
  assert.equal(status, 200, `${action} ${JSON.stringify(body)} ${program.log()}`)
  return body
}

export async function rootKey(args: readonly string[], env: Env = {}): Promise<string> {
  const { code, out, err } = await runHere(['root-key', ...args], env)
  assert.equal(code, 0, `${args.join(' ')}: ${err}`)
  return out
}

/** Starts a root-key command and kills it when the moment comes, if it has not ended. */
export async function killed(args: readonly string[], moment: Promise<unknown>, env: Env = {}): Promise<boolean> {
  const child = spawn(BIN, ['root-key', ...args], { env: { ...process.env, ...env }, stdio: 'ignore', detached: true })
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)))
  await Promise.race([moment, ended])
  try {
    process.kill(-(child.pid ?? 0), 'SIGKILL')
  } catch {
    // It has ended.
  }
  return (await ended) === 'SIGKILL'
}

/** The next change of the installation record: a rotation has announced the new root key, and goes through the records. */
export async function announcement(data: string): Promise<void> {
  using db = new DatabaseSync(join(data, 'strongroom.db'), { readOnly: true })
  const installation = db.prepare("SELECT revision FROM record WHERE kind = 'installation'")
  const revision = () => Number(installation.get()?.['revision'])
  const former = revision()
  while (revision() === former) await pause(2)
}

/** How long a command takes from its start to its end. */
export async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

export async function failingStart(args: readonly string[], env: Env = {}): Promise<string> {
  const { code, err } = await runHere(['serve', '--listen', '127.0.0.1:0', '--log-level', 'error', ...args], env)
  assert.equal(code, 1, err)
  return err
}

export async function secretsOf(data: string, source: Parameters<typeof ringOf>[1]): Promise<readonly Uint8Array[]> {
  const storage = await openStorage(join(data, 'strongroom.db'))
  const ring = await ringOf(storage, source)
  await storage.close()
  assert.ok(ring)
  return [...ring.roots, ring.fingerprintKey]
}

/** What stands sealed or wrapped in a data folder's database now. */
export function sealedIn(data: string): Buffer[] {
  using db = new DatabaseSync(join(data, 'strongroom.db'), { readOnly: true })
  const kinds = "('installation', 'key-version', 'access-key', 'trail-signing-key')"
  const bodies = db.prepare(`SELECT body FROM record WHERE kind IN ${kinds} ORDER BY kind = 'installation' DESC`).all()
  const found = bodies.flatMap(({ body }) => String(body).match(/"[A-Za-z0-9+/]{60,}=*"/g) ?? [])
  assert.ok(found.length >= 4)
  return found.map((text) => Buffer.from(text.slice(1, -1), 'base64'))
}

/** Callers that go on until told to stop, and until so many more calls were made; every call must succeed. */
export function load(programs: readonly Program[], keyId: string, ciphertext: string) {
  let [going, calls] = [true, 0]
  const work = async (program: Program, i: number) => {
    while (going) {
      const made = (await must(program, 'CreateKey')).KeyMetadata.KeyId
      const { CiphertextBlob } = await must(program, 'Encrypt', { KeyId: i % 2 ? made : keyId, Plaintext: 'new' })
      assert.equal((await must(program, 'Decrypt', { CiphertextBlob })).Plaintext, 'new')
      assert.equal((await must(program, 'Decrypt', { CiphertextBlob: ciphertext })).Plaintext, 'old')
      await must(program, 'TagResource', { KeyId: made, Tags: '[{"TagKey":"a"}]' })
      calls += 5
      await pause(1000 / times('rounds of each caller in a second'))
    }
  }
  const all = Promise.all(programs.flatMap((program) => [0, 1, 2, 3].map((i) => work(program, i))))
  return async (more: number) => {
    const enough = calls + more
    await Promise.race([all, until(() => calls >= enough)])
    going = false
    await all
  }
}

export async function begun(start: Parameters<typeof startProgram>[0]) {
  const program = await startProgram(start)
  const keyId: string = (await must(program, 'CreateKey')).KeyMetadata.KeyId
  const { CiphertextBlob } = await must(program, 'Encrypt', { KeyId: keyId, Plaintext: 'old' })
  return { program, keyId, ciphertext: CiphertextBlob as string }
}

/** Demands that the account has one event for each rotation and for each drop, while none is unfinished. */
export function demandEvents(data: string): void {
  using db = opened(data)
  const [rotations, drops] = [countOf('RotateRootKey', db), countOf('DropRetiredRootKeys', db)]
  // A rotation makes two generations of root keys, and a drop makes one.
  const generation = 1 + 2 * rotations + drops
  assert.equal(installationIn(db).ring?.generation, generation, `${rotations} rotations and ${drops} drops`)
}

/** How many events of the service's own work have this name. */
export function countOfEvents(name: ServiceWork, data: string): number {
  using db = opened(data)
  return countOf(name, db)
}

function countOf(name: ServiceWork, db: DatabaseSync): number {
  const events = db.prepare('SELECT count(*) AS count FROM event WHERE body = ?')
  return Number(events.get(JSON.stringify([2, name, []]))?.['count'])
}

/** Waits while another process holds the database. */
function opened(data: string): DatabaseSync {
  return new DatabaseSync(join(data, 'strongroom.db'), { readOnly: true, timeout: 60_000 })
}

function installationIn(db: DatabaseSync): InstallationBody {
  return JSON.parse(String(db.prepare("SELECT body FROM record WHERE kind = 'installation'").get()?.['body']))
}
