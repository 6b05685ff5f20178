// What must hold in every run, at every step and at its end.
import { genesisOf, link } from '../../src/ledger/chain.ts'
import type { Recorded } from '../../src/ledger/record.ts'
import type { InstallationBody, RootState } from '../../src/rootkeys/installation-record.ts'
import { laneOf } from '../../src/storage/lane.ts'
import { HEAD_PLACE, type Head, type Row, recordKey } from '../../src/storage/storage.ts'
import type { Cast } from './cast.ts'
import type { History } from './clients.ts'
import type { Called } from './linearizable.ts'
import { linearizable } from './linearizable.ts'
import { isRead, type Op, specification } from './model.ts'
import type { World } from './world.ts'

const INSTALLATION_KEY = recordKey('installation', '', '', 'installation')

/** The table of key states; null is a key that is not there. */
const MOVES: Readonly<Record<string, readonly string[]>> = {
  null: ['Enabled', 'PendingImport'],
  Enabled: ['Enabled', 'Disabled', 'PendingDeletion'],
  Disabled: ['Disabled', 'Enabled', 'PendingDeletion'],
  PendingDeletion: ['PendingDeletion', 'Enabled', 'null'],
}

/** A key's state moves along its table. */
export function watchKeyStates(world: World): void {
  const stateOf = (row: Row | null) => String(row && JSON.parse(row.body).state)
  world.host.database.watch((before, after) => {
    if ((before ?? after)?.kind !== 'cmk') return
    const [from, to] = [stateOf(before), stateOf(after)]
    if (!MOVES[from]?.includes(to)) world.violated(`key ${(before ?? after)?.id} moved from ${from} to ${to}`)
  })
}

/** A record in memory: its key in the database, and the row that it was made of once that was found. */
interface Seen {
  readonly key: string
  row: Row | null
}

const seen = new WeakMap<Recorded<unknown>, Seen>()

function seenOf(record: Recorded<unknown>): Seen {
  const { kind, account, region, id } = record
  const known = seen.get(record) ?? { key: recordKey(kind, account, region, id), row: null }
  seen.set(record, known)
  return known
}

function isOf(row: Row | null, record: Recorded<unknown>, of: Seen): boolean {
  if (row && of.row === row) return true
  if (!row || row.revision !== record.revision || row.createdAt !== record.createdAt) return false
  if (row.body !== JSON.stringify(record.body)) return false
  of.row = row
  return true
}

/** Each record in a server's memory is as it was in the database at the change number that the server has followed, or later. */
export function checkCaches(world: World): void {
  const { rows, versions } = world.host.database
  for (const server of world.servers) {
    if (!server) continue
    const { number, records } = server.rooms.ledger.known()
    for (const record of records) {
      const of = seenOf(record)
      const present = rows.get(of.key) ?? null
      if (isOf(present, record, of)) continue
      const history = versions.get(of.key) ?? []
      const isExact = history.some(
        ({ row }, i) => isOf(row, record, of) && (history[i + 1]?.from ?? Number.POSITIVE_INFINITY) > number,
      )
      if (!isExact)
        world.violated(
          `${server.process.name} keeps ${record.kind} ${record.id} of revision ${record.revision}, which is older than the change number ${number}`,
        )
    }
  }
}

/** The chain of each lane has no gap and no altered event, and every acknowledged call has exactly one event. */
export function checkTrail(world: World, history: History): void {
  const { events, rows } = world.host.database
  const heads = new Map<number, Head>()
  const times = new Map<string, number>()
  for (const event of [...events.values()].sort((one, other) => one.seq - other.seq)) {
    const lane = laneOf(event.seq)
    const head = heads.get(lane) ?? genesisOf(lane)
    const hash = link(head.hash, head.seq + 1, event, event.change)
    if (event.seq !== head.seq + 1 || event.hash !== hash) world.violated(`lane ${lane} breaks at event ${event.seq}`)
    heads.set(lane, { seq: event.seq, hash })
    times.set(event.eventId, (times.get(event.eventId) ?? 0) + 1)
  }
  for (const row of rows.values()) {
    if (row.kind !== HEAD_PLACE.kind) continue
    const { seq, hash } = JSON.parse(row.body) as Head
    const last = heads.get(laneOf(seq)) ?? genesisOf(laneOf(seq))
    if (last.seq !== seq || last.hash !== hash) world.violated(`the record ${row.id} does not say where its lane ends`)
    world.scheduler.note(`lane ${laneOf(seq)} ends at ${seq} with ${hash}`)
  }
  for (const id of history.acknowledged)
    if (times.get(id) !== 1) world.violated(`the acknowledged call ${id} has ${times.get(id) ?? 0} events`)
}

/** Whether the installation record notes an event that not every account has yet. */
export function isEventDue(world: World): boolean {
  const row = world.host.database.rows.get(INSTALLATION_KEY)
  const { dueEvents = [] }: InstallationBody = JSON.parse(row?.body ?? '{}')
  return dueEvents.length > 0
}

/** Each change of the root keys that the trail records has exactly one event in every account. */
export function checkRootKeyEvents(world: World): void {
  const { events, rows, versions } = world.host.database
  const states = (versions.get(INSTALLATION_KEY) ?? []).map(({ row }): readonly RootState[] =>
    row ? JSON.parse(row.body).ring.roots : [],
  )
  const steps = states.slice(1).map((after, i) => stepBetween(states[i] ?? [], after))
  const accounts = [...rows.values()].filter(({ kind }) => kind === 'account')
  for (const name of ['RotateRootKey', 'DropRetiredRootKeys'] as const) {
    const body = JSON.stringify([2, name, []])
    const due = steps.filter((step) => step === name).length
    for (const { id } of accounts) {
      const found = [...events.values()].filter((event) => event.account === id && event.body === body)
      if (found.length !== due)
        world.violated(`account ${id} has ${found.length} events ${name} for ${due} such changes`)
    }
    if (due > 0) world.scheduler.note(`root keys: ${due} × ${name}`)
  }
}

/** The recorded change between two versions of the root keys; null for none. */
function stepBetween(
  before: readonly RootState[],
  after: readonly RootState[],
): 'RotateRootKey' | 'DropRetiredRootKeys' | null {
  if (after.length < before.length) return 'DropRetiredRootKeys'
  const needed = (states: readonly RootState[]) => states.slice(1).some(({ retiredAt }) => retiredAt === null)
  return after.length === before.length && needed(before) && !needed(after) ? 'RotateRootKey' : null
}

/** One order explains all answers. Returns whether the search could decide that. */
export function checkOrder(world: World, cast: Cast, history: History): boolean {
  const result = linearizable(history.calls, specification(cast.initial))
  world.scheduler.note(`linearizable: ${result.verdict}`)
  if (result.verdict === 'no')
    world.violated(
      `no order explains these calls:\n${result.contradiction
        .filter(({ op, answer }) => answer !== null || !isRead(op))
        .map(shown)
        .join('\n')}`,
    )
  return result.verdict !== 'undecided'
}

/** Calls without an answer may have been done at any time after they began, or never. */
function shown({ op, from, to, answer }: Called<Op>): string {
  return `  [${from}, ${to}] ${JSON.stringify(op)} ${answer ?? '?'}`
}
