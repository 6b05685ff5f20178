// A server in a simulation: the open house on a simulated runtime and database, with its background work. Only sockets are missing.
import { TrailUpkeep } from '../../src/actiontrail/audit/upkeep.ts'
import { answer } from '../../src/gateway/call.ts'
import type { Answer } from '../../src/gateway/encode.ts'
import type { House } from '../../src/gateway/house.ts'
import { products } from '../../src/gateway/products.ts'
import type { HttpRequest } from '../../src/gateway/request.ts'
import { keepRecords, keepTrail, recordLeftEvents } from '../../src/house/background.ts'
import { type OpenHouse, openHouse } from '../../src/house/open.ts'
import { watchRing } from '../../src/house/root-key-watch.ts'
import { Sweeps } from '../../src/house/sweeps.ts'
import { ReservedUses } from '../../src/keystore/reserved-uses.ts'
import { KeystoreRouter } from '../../src/keystore/router.ts'
import { SoftwareKeystore } from '../../src/keystore/software.ts'
import { sweep } from '../../src/kms/sweep.ts'
import type { Alarm } from '../../src/ledger/alarm.ts'
import type { TrailWitness } from '../../src/ledger/trail-head.ts'
import { bindFormerRoles } from '../../src/ram/trusted-ids.ts'
import { isShared } from '../../src/settings/root-key.ts'
import type { Settings } from '../../src/settings/settings.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { SimulatedDevice } from './device.ts'
import type { Host } from './line.ts'
import type { SimulatedProcess } from './runtime.ts'

/** What a server needs: its process, its way to the database, and where it reports. */
export interface Setting {
  readonly settings: Settings
  readonly process: SimulatedProcess
  readonly storage: Storage
  readonly host: Host
  readonly alarm: Alarm
}

/** Opens the house on the simulated database, as every verb does. */
export function openSimulated({ settings, process, storage, alarm }: Setting): Promise<OpenHouse> {
  return openHouse(settings, alarm, process.runtime.now(), async () => storage, process.runtime)
}

export class Server {
  readonly process: SimulatedProcess
  readonly rooms: OpenHouse
  readonly storage: Storage
  readonly #house: House
  readonly #gone = new Set<() => void>()

  private constructor(setting: Setting, rooms: OpenHouse) {
    const { process, host, storage } = setting
    const { runtime } = process
    this.process = process
    this.storage = storage
    this.rooms = rooms
    const reserved = new ReservedUses(rooms.usage, (message) => setting.alarm(message, null))
    const software = new SoftwareKeystore(rooms.ring.keys, runtime, rooms.pairs, reserved)
    const device = new SimulatedDevice(software, host, process)
    this.#house = {
      products,
      settings: setting.settings,
      ...rooms,
      keystore: new KeystoreRouter(device, null, rooms.usage, false),
      now: runtime.now,
      wallNow: runtime.now,
      dev: null,
      observer: { answered() {}, turnedAway() {}, loggedOn() {}, disconnected() {}, unrecorded() {} },
      ready: () => rooms.ledger.canCommit(runtime.now()),
      failed: setting.alarm,
    }
  }

  /** Resolves when the server takes calls. Rejects when the database can't be reached, as a start of the program does. */
  static async start(setting: Setting): Promise<Server> {
    const rooms = await openSimulated(setting)
    if (isShared(setting.settings)) await rooms.ledger.lane.take(rooms.node)
    await bindFormerRoles(rooms, setting.alarm)
    const server = new Server(setting, rooms)
    server.#work(setting)
    return server
  }

  #work({ alarm, settings, process }: Setting): void {
    const { rooms } = this
    const house = this.#house
    const witness = new Remembering()
    rooms.ledger.witnessedBy(witness)
    const loop = { runtime: process.runtime, stop: new AbortController().signal, alarm }
    const upkeep = new TrailUpkeep(rooms)
    const sweeps = new Sweeps(() => sweep(house))
    const works = [
      keepRecords(house, sweeps, rooms, loop),
      keepTrail({ upkeep, witness }, settings, loop),
      watchRing(rooms, loop),
      recordLeftEvents(rooms, loop),
    ]
    for (const work of works) work.catch((error: unknown) => alarm('background work ended', error))
  }

  /** Runs the work when the server is killed; the returned function takes that back. */
  onGone(work: () => void): () => void {
    this.#gone.add(work)
    return () => this.#gone.delete(work)
  }

  /** The process is dead: who waits for an answer finds the connection closed. */
  gone(): void {
    for (const work of this.#gone) work()
  }

  /** Answers as the gateway does once it has read a request. */
  answer(request: HttpRequest): Promise<Answer> {
    return answer(request, this.#house, () => {})
  }
}

/** A witness that keeps nothing: what it would remember is in the process that dies with it. */
class Remembering implements TrailWitness {
  async saw(): Promise<void> {}
  async rewound(): Promise<void> {}
  async renew(): Promise<void> {}
}
