// What is under way while the root keys change: a batch or a read that began under the former ones must not leave in the cache what
// they sealed, since that does not open any more once they are dropped.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Ring } from '../../src/cryptography/ring.ts'
import { RootKeys } from '../../src/keystore/root-keys.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { fromRow, insert, type Kind, toRow, update } from '../../src/ledger/record.ts'
import { UNWATCHED } from '../../src/ledger/root-watch.ts'
import { dropRetired, rotate } from '../../src/rootkeys/rotation.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { openStorage } from '../../src/storage/open.ts'
import { HEAD_PLACE, type Storage } from '../../src/storage/storage.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { beginChain } from '../storage/chained.ts'

const SAFE: Kind<{ sealed: string }> = { name: 'safe', counted: false }
const scope = { account: '1', region: 'r' }
const PLACE = ['safe']
const FORMER: Ring = { generation: 0, roots: [new Uint8Array(32).fill(1)], fingerprintKey: new Uint8Array(32) }
const LATER: Ring = { generation: 1, roots: [new Uint8Array(32).fill(2)], fingerprintKey: new Uint8Array(32) }

/** A gate that work waits at, and that tells when somebody has come to it. */
class Gate {
  readonly #come = Promise.withResolvers<void>()
  readonly #open = Promise.withResolvers<void>()
  readonly reached = this.#come.promise

  open(): void {
    this.#open.resolve()
  }

  wait(): Promise<void> {
    this.#come.resolve()
    return this.#open.promise
  }
}

/** A storage that does its work, and holds back the answer of one commit, or of one read, at a gate. */
async function gated() {
  const storage = await openStorage(':memory:')
  await beginChain(storage)
  const gates: { commit: Gate | null; get: Gate | null } = { commit: null, get: null }
  const holding = Object.create(storage, {
    failure: { get: () => storage.failure },
    events: { value: storage.events },
    commit: {
      value: async (...args: Parameters<Storage['commit']>) => {
        const outcomes = await storage.commit(...args)
        const gate = gates.commit
        gates.commit = null
        await gate?.wait()
        return outcomes
      },
    },
    get: {
      value: async (...args: Parameters<Storage['get']>) => {
        const row = await storage.get(...args)
        const gate = gates.get
        gates.get = null
        await gate?.wait()
        return row
      },
    },
  }) as Storage
  const keys = new RootKeys(FORMER)
  const ledger = new Ledger(holding, keys, (message, error) => assert.fail(`${message}: ${error}`), UNWATCHED, SYSTEM)
  return { storage, gates, keys, ledger }
}

const sealed = (keys: RootKeys) => keys.seal(PLACE, new Uint8Array(24), Buffer.from('inside')).toString('base64')
const safe = (id: string, keys: RootKeys) =>
  insert(SAFE, { ...scope, id, createdAt: 1, body: { sealed: sealed(keys) } })
const alone = (change: ReturnType<typeof safe>) => ({ changes: [change], nonce: null, event: null })

/** What another process does to a record while the roots change: it seals it under the later ones, and drops the former. */
async function resealElsewhere(storage: Storage, id: string): Promise<void> {
  const [former, later] = [new RootKeys(FORMER), new RootKeys(LATER)]
  const row = await storage.get(SAFE.name, scope.account, scope.region, id)
  assert.ok(row)
  const { after } = update(fromRow<{ sealed: string }>(row, former), { body: { sealed: sealed(later) } })
  const change = { change: 'update', row: toRow(after, later), before: row } as const
  // No event: the head of the chain is left as it is.
  const chaining = { place: HEAD_PLACE, link: () => '', headOf: () => assert.fail(), moved: () => assert.fail() }
  await storage.commit([{ changes: [change], nonce: null, event: null, scrub: false }], chaining, null)
}

async function assertOpens(ledger: Ledger, keys: RootKeys, id: string): Promise<void> {
  const record = await ledger.get(SAFE, scope, id)
  assert.ok(record)
  assert.equal(keys.open(PLACE, Buffer.from(record.body.sealed, 'base64'))?.toString(), 'inside')
}

describe('a batch that is answered after the root keys changed', () => {
  it('is not kept as it was decided: what it sealed no longer opens', async () => {
    const { storage, gates, keys, ledger } = await gated()
    const gate = new Gate()
    gates.commit = gate
    const committed = ledger.commit(alone(safe('a', keys)))
    await gate.reached
    await resealElsewhere(storage, 'a')
    keys.replace(LATER)
    // Whoever reads first makes the cache of the later roots.
    await ledger.get(SAFE, scope, 'other')
    gate.open()
    assert.equal(await committed, 'committed')
    await assertOpens(ledger, keys, 'a')
  })

  it('is not kept either when nobody has read in between', async () => {
    const { storage, gates, keys, ledger } = await gated()
    const gate = new Gate()
    gates.commit = gate
    const committed = ledger.commit(alone(safe('a', keys)))
    await gate.reached
    await resealElsewhere(storage, 'a')
    keys.replace(LATER)
    gate.open()
    assert.equal(await committed, 'committed')
    await assertOpens(ledger, keys, 'a')
  })
})

describe('a read that is answered after the root keys changed', () => {
  it('does not fill the cache with what it found', async () => {
    const { storage, gates, keys, ledger } = await gated()
    await ledger.commit(alone(safe('a', keys)))
    // The cache of another ledger would hold it: this one has read nothing yet.
    const ring: Ring = { ...LATER, roots: [...LATER.roots, ...FORMER.roots] }
    keys.replace(ring)
    const gate = new Gate()
    gates.get = gate
    const reading = ledger.get(SAFE, scope, 'a')
    await gate.reached
    await resealElsewhere(storage, 'a')
    keys.replace({ ...ring, generation: 2 })
    await ledger.get(SAFE, scope, 'other')
    gate.open()
    assert.ok(await reading)
    keys.replace({ ...LATER, generation: 3 })
    await assertOpens(ledger, keys, 'a')
  })
})

/** Rotates the root key and drops the former, at once. */
async function rotateAndDrop({ open }: TestHouse): Promise<void> {
  const { ring } = open
  const rooms = { ...open, keys: ring.keys }
  const pace = { now: () => 1, settleMs: 0, progress: () => {}, giveWay: async () => {} }
  await rotate(ring, rooms, pace)
  assert.ok(await dropRetired(ring, rooms, pace))
}

/** Rotates the root key right after the next record of a kind was read, while whoever read it has it in hand. */
function rotateBehind(house: TestHouse, kind: string): { readonly rotated: () => boolean } {
  const { ledger } = house.open
  const get = ledger.get.bind(ledger)
  let rotated = false
  ledger.get = async (...args) => {
    const record = await get(...args)
    if (args[0].name !== kind || rotated) return record
    rotated = true
    await rotateAndDrop(house)
    return record
  }
  return { rotated: () => rotated }
}

describe('a call that has a record in hand while the root keys change', () => {
  for (const kind of ['key-version', 'access-key'])
    it(`is decided again when what it read does not open any more (${kind})`, async () => {
      await using house = await openTestHouse(null)
      const { KeyId } = (await house.must('CreateKey')).KeyMetadata
      // Nothing of it is opened yet.
      await house.restart()
      const behind = rotateBehind(house, kind)
      await house.must('Encrypt', { KeyId, Plaintext: 'x' })
      assert.ok(behind.rotated())
      assert.deepEqual(house.failures, [])
    })
})
