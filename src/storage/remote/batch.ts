// A batch of calls on its way from a worker to the owner of the database, and what became of it on its way back: packed, since this is
// the one thing that every call sends.
import type { Basis, Commit, Counted, EventRow, FormerRow, Outcome, Row, RowChange, Stored } from '../storage.ts'
import type { Packed } from './channel.ts'
import { FrameError } from './frame.ts'
import { Packer, Unpacker } from './packer.ts'

const CHANGES = ['insert', 'update', 'delete', 'expect'] as const
const OUTCOMES: readonly Outcome[] = ['committed', 'moved', 'full', 'nonce-used', 'unavailable']

/** The parts of a commit, as bits of one number. */
const NONCE = 1
const EVENT = 2
const FURTHER = 4
const SCRUB = 8

export interface Batch {
  readonly commits: readonly Commit[]
  readonly basis: Basis | null
}

export function packBatch({ commits, basis }: Batch): Packed {
  const packer = new Packer()
  packer.numberOrNull(basis?.number ?? null)
  if (basis) packer.string(basis.reads && JSON.stringify(basis.reads))
  packer.number(commits.length)
  for (const commit of commits) packCommit(commit, packer)
  return packer
}

/** Throws FrameError. */
export function unpackBatch(packed: Packed): Batch {
  const unpacker = new Unpacker(packed)
  const number = unpacker.numberOrNull()
  const basis = number === null ? null : { number, reads: readsIn(unpacker.stringOrNull()) }
  const commits: Commit[] = []
  for (let left = unpacker.number(); left > 0; left--) commits.push(unpackCommit(unpacker))
  unpacker.end()
  return { commits, basis }
}

function readsIn(text: string | null): Basis['reads'] {
  return text === null ? null : (JSON.parse(text) as Basis['reads'])
}

export function packStored({ outcomes, number, others }: Stored): Packed {
  const packer = new Packer()
  packer.numberOrNull(number)
  packer.numberOrNull(others?.number ?? null)
  if (others) packer.string(JSON.stringify(others.keys))
  packer.number(outcomes.length)
  for (const outcome of outcomes) packer.small(OUTCOMES.indexOf(outcome))
  return packer
}

/** Throws FrameError. */
export function unpackStored(packed: Packed): Stored {
  const unpacker = new Unpacker(packed)
  const number = unpacker.numberOrNull()
  const met = unpacker.numberOrNull()
  const others = met === null ? null : { number: met, keys: JSON.parse(unpacker.string()) as readonly string[] }
  const outcomes: Outcome[] = []
  for (let left = unpacker.number(); left > 0; left--) outcomes.push(known(OUTCOMES, unpacker.small()))
  unpacker.end()
  return { outcomes, number, ...(others && { others }) }
}

function known<T>(all: readonly T[], index: number): T {
  const found = all[index]
  if (found === undefined) throw new FrameError('a frame holds an unknown value')
  return found
}

function packCommit({ changes, nonce, event, further, scrub }: Commit, packer: Packer): void {
  packer.small((nonce ? NONCE : 0) | (event ? EVENT : 0) | (further ? FURTHER : 0) | (scrub ? SCRUB : 0))
  packer.number(changes.length)
  for (const change of changes) packChange(change, packer)
  if (nonce) {
    packer.number(nonce.expiresAt)
    packer.bytesOf(nonce.digest)
  }
  if (event) packEvent(event, packer)
  if (!further) return
  packer.number(further.length)
  for (const event of further) packEvent(event, packer)
}

function unpackCommit(unpacker: Unpacker): Commit {
  const marks = unpacker.small()
  const changes: RowChange[] = []
  for (let left = unpacker.number(); left > 0; left--) changes.push(unpackChange(unpacker))
  const nonce = marks & NONCE ? { expiresAt: unpacker.number(), digest: unpacker.bytesOf() } : null
  const event = marks & EVENT ? unpackEvent(unpacker) : null
  const commit = { changes, nonce, event, scrub: (marks & SCRUB) !== 0 }
  if ((marks & FURTHER) === 0) return commit
  const further: EventRow[] = []
  for (let left = unpacker.number(); left > 0; left--) further.push(unpackEvent(unpacker))
  return { ...commit, further }
}

function packEvent({ eventId, account, region, at, body }: EventRow, packer: Packer): void {
  packer.string(eventId)
  packer.string(account)
  packer.string(region)
  packer.number(at)
  packer.string(body)
}

function unpackEvent(unpacker: Unpacker): EventRow {
  return {
    eventId: unpacker.string(),
    account: unpacker.string(),
    region: unpacker.string(),
    at: unpacker.number(),
    body: unpacker.string(),
  }
}

function packChange(change: RowChange, packer: Packer): void {
  packer.small(CHANGES.indexOf(change.change))
  switch (change.change) {
    case 'insert':
      packRow(change.row, packer)
      packer.small(Number(change.counted !== null))
      if (change.counted) packer.numberOrNull(change.counted.atMost)
      break
    case 'update':
      packRow(change.row, packer)
      packFormer(change.before, packer)
      break
    case 'delete':
      packFormer(change.row, packer)
      packer.small(Number(change.counted))
      break
    case 'expect':
      packFormer(change.row, packer)
  }
}

function unpackChange(unpacker: Unpacker): RowChange {
  const change = known(CHANGES, unpacker.small())
  switch (change) {
    case 'insert': {
      const row = unpackRow(unpacker)
      const counted: Counted | null = unpacker.small() === 1 ? { atMost: unpacker.numberOrNull() } : null
      return { change, row, counted }
    }
    case 'update':
      return { change, row: unpackRow(unpacker), before: unpackFormer(unpacker) }
    case 'delete':
      return { change, row: unpackFormer(unpacker), counted: unpacker.small() === 1 }
    case 'expect':
      return { change, row: unpackFormer(unpacker) }
  }
}

function packRow(row: Row, packer: Packer): void {
  packFormer(row, packer)
  packer.bytesOf(row.mac)
}

function unpackRow(unpacker: Unpacker): Row {
  return { ...unpackFormer(unpacker), mac: unpacker.bytesOf() }
}

function packFormer(
  { kind, account, region, id, parent, createdAt, dueAt, revision, body }: FormerRow,
  packer: Packer,
): void {
  packer.string(kind)
  packer.string(account)
  packer.string(region)
  packer.string(id)
  packer.string(parent)
  packer.number(createdAt)
  packer.numberOrNull(dueAt)
  packer.number(revision)
  packer.string(body)
}

function unpackFormer(unpacker: Unpacker): FormerRow {
  return {
    kind: unpacker.string(),
    account: unpacker.string(),
    region: unpacker.string(),
    id: unpacker.string(),
    parent: unpacker.stringOrNull(),
    createdAt: unpacker.number(),
    dueAt: unpacker.numberOrNull(),
    revision: unpacker.number(),
    body: unpacker.string(),
  }
}
