// One run: its time, its database, its servers and what was seen of them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KMS_INDEX } from '../../src/kms/record-index.ts'
import type { Alarm } from '../../src/ledger/alarm.ts'
import { readSettings, type Settings } from '../../src/settings/settings.ts'
import type { Storage } from '../../src/storage/storage.ts'
import type { Database } from './database.ts'
import type { Faults } from './faults.ts'
import { diskLine, type Host, networkLine } from './line.ts'
import { Random } from './random.ts'
import { SimulatedProcess } from './runtime.ts'
import { type Owner, Scheduler } from './scheduler.ts'
import { Server } from './server.ts'
import { SimulatedStorage } from './storage.ts'

/** `embedded`: one server with a database of its own, as with SQLite. `shared`: several on one, as with PostgreSQL. */
export type Mode = 'embedded' | 'shared'

/** What a run may be made to do wrong, to show that the run notices. */
export type Plant =
  | 'answers before the sync'
  | 'nonces forgotten at a restart'
  | 'events dropped'
  | 'changes of others not followed'
  | 'one change in ten not followed'
  | 'committed although what it read has changed'
  | 'done for callers who gave up'
  | 'rotations not recorded'

export interface Begin {
  readonly seed: number
  readonly mode: Mode
  readonly faults: Faults
  readonly plant: Plant | null
  readonly database: Database
}

/** What must never happen, and did. */
export class Violation extends Error {}

const RESTART_MS = 50
/** A start makes some twenty requests: where many are lost, so many starts fail, and the next one is spared. */
const SPARED_AFTER = 1

export class World {
  readonly mode: Mode
  readonly plant: Plant | null
  readonly random: Random
  readonly scheduler: Scheduler
  readonly host: Host
  /** The servers that calls may go to; null while one is down. */
  readonly servers: (Server | null)[] = []
  readonly violations: Violation[] = []
  /** Who plays: clients, nemesis, operator. */
  readonly stage: Owner = { name: 'stage', alive: true, pausedUntil: 0 }
  /** Whether a rotation of the root key was begun that was not seen to end. */
  isRotating = false
  readonly #operators = new Map<Owner, () => void>()
  /** The servers that are starting, and how to end each. */
  readonly #starting = new Map<Owner, () => void>()
  readonly #seed: number
  #processes = 0

  constructor({ seed, mode, faults, plant, database }: Begin) {
    database.dropsEvents = plant === 'events dropped'
    database.dropsRotations = plant === 'rotations not recorded'
    database.ignoresReads = plant === 'committed although what it read has changed'
    database.logged = faults.logged
    this.mode = mode
    this.plant = plant
    this.#seed = seed
    this.random = new Random(seed)
    this.scheduler = new Scheduler(this.random)
    this.host = {
      scheduler: this.scheduler,
      random: this.random,
      database,
      owner: { name: 'database', alive: true, pausedUntil: 0 },
      faults,
      turn: null,
      outages: 0,
      isDown: false,
      durable: database.committed,
      answersBeforeSync: plant === 'answers before the sync',
      hidesOneIn:
        plant === 'changes of others not followed' ? 1 : plant === 'one change in ten not followed' ? 10 : null,
    }
  }

  pause(ms: number, why: string): Promise<void> {
    return this.scheduler.pause(ms, why, this.stage)
  }

  violated(what: string): void {
    this.scheduler.note(`VIOLATION ${what}`)
    this.violations.push(new Violation(what))
  }

  /** A new process on the database. */
  process(name: string): { readonly process: SimulatedProcess; readonly storage: Storage } {
    const number = ++this.#processes
    const skew = Math.round(this.host.faults.skewMs * this.random.fraction())
    const process = new SimulatedProcess(`${name}#${number}`, number, this.#seed, this.scheduler, skew)
    const line =
      this.mode === 'shared' ? networkLine(this.host, process, name === 'server0') : diskLine(this.host, process)
    return { process, storage: new SimulatedStorage(this.host.database, line, KMS_INDEX) }
  }

  /** Reports what goes wrong in a process. Nothing in a run is forged, and no failure is without a cause that the run knows. */
  alarm(process: Owner): Alarm {
    return (message, error) => {
      this.scheduler.note(`${process.name} alarm: ${message}: ${error}`)
      const text = String(error instanceof Error ? (error.stack ?? error) : error)
      if (
        /not authentic|does not open|went back|under a retired root key|TypeError|RangeError|ReferenceError/.test(
          `${message} ${text}`,
        ) &&
        process.alive
      )
        this.violated(`${process.name} reports: ${message}: ${text}`)
    }
  }

  /** Starts a server in this place, and tries again as long as the database is away. */
  async start(place: number): Promise<Server> {
    for (let failed = 0; ; failed++) {
      const { process, storage } = this.process(`server${place}`)
      process.isSpared = failed >= SPARED_AFTER
      if (this.plant === 'nonces forgotten at a restart') this.host.database.nonces.clear()
      const setting = { settings: settingsOf(this.mode), process, storage, host: this.host, alarm: this.alarm(process) }
      const ended = new Promise<null>((resolve) => this.#starting.set(process, () => resolve(null)))
      try {
        const server = await Promise.race([Server.start(setting), ended])
        if (server) {
          this.servers[place] = server
          process.isSpared = false
          return server
        }
      } catch (error) {
        this.scheduler.note(`${process.name} does not start: ${error}`)
      } finally {
        this.#starting.delete(process)
      }
      process.alive = false
      await this.pause(RESTART_MS, 'restart')
    }
  }

  /** Ends all servers that are starting, as a crash of their machine does. */
  endStarts(): void {
    for (const [process, end] of this.#starting) {
      this.scheduler.note(`${process.name} ends in its start`)
      process.alive = false
      end()
    }
  }

  /** Notes that an operator is at work. The promise resolves when the operator is ended in the middle. */
  operator(process: Owner): Promise<null> {
    return new Promise((resolve) => this.#operators.set(process, () => resolve(null)))
  }

  /** Ends all operators at once. */
  endOperators(): void {
    for (const [process, ended] of this.#operators) {
      process.alive = false
      ended()
    }
    this.#operators.clear()
  }

  /** Ends a server at once, in the middle of whatever it does. */
  kill(place: number): void {
    const server = this.servers[place]
    if (!server) return
    server.process.alive = false
    this.servers[place] = null
    server.gone()
  }
}

let folder: string | null = null
const settings = new Map<Mode, Settings>()

/** All runs read the same root key from the same file; nothing else is in the folder. */
export function settingsOf(mode: Mode): Settings {
  if (folder === null) {
    const made = mkdtempSync(join(tmpdir(), 'strongroom-simulation-'))
    process.once('exit', () => rmSync(made, { recursive: true, force: true }))
    writeFileSync(join(made, 'root-key'), `${'5a'.repeat(32)}\n`, { mode: 0o600 })
    folder = made
  }
  const where = mode === 'shared' ? ['--database', 'postgresql://simulated/'] : []
  const read = settings.get(mode) ?? readSettings(['--data', folder, ...where], {}, () => '')
  settings.set(mode, read)
  return read
}
