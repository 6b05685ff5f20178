// `strongroom root-key rotate` while another process rotates, too.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { it } from 'node:test'
import { rotateRootKey } from '../../src/cli/root-key-rotation.ts'
import type { Surroundings } from '../../src/cli/surroundings.ts'
import { type Pace, rotate, stageOf } from '../../src/rootkeys/rotation.ts'
import { readFlags } from '../../src/settings/flags.ts'
import { readSettings } from '../../src/settings/settings.ts'
import type { RowKey } from '../../src/storage/storage.ts'
import { runHere } from '../acceptance/line.ts'
import { openTestHouse, type TestHouse } from '../house.ts'

const PACE: Pace = { now: Date.now, settleMs: 0, progress: () => {}, giveWay: async () => {} }
const stop = () => {
  throw new Error('stopped here')
}

/** Runs the command in the house. `printed` is what it printed, and `rotations` the number of recorded rotations. */
function commandIn(house: TestHouse) {
  const printed: string[] = []
  const around = {
    print: (text: string) => void printed.push(text),
    complain: (text: string) => void printed.push(text),
    status: () => {},
  } as unknown as Surroundings
  const settings = readSettings(['--data', house.data], {}, () => '')
  const work = (...args: string[]) => {
    const flags = readFlags(args, { resume: 'bare', 'settle-seconds': 'value' }, 'root-key')
    return rotateRootKey({ flags, settings, rooms: house.open, around })
  }
  const rotations = async (): Promise<number> =>
    (await house.events()).filter(({ eventName }) => eventName === 'RotateRootKey').length
  return { work, printed, rotations }
}

it('says that another process finished the rotation, and does not record it again', async () => {
  await using house = await openTestHouse(null)
  const { ledger, ring } = house.open
  const { work, printed, rotations } = commandIn(house)
  const commit = ledger.commit.bind(ledger)
  let other: Promise<number> | null = null
  ledger.commit = async (call) => {
    const isFirst = other === null
    other ??= work('--resume', '--settle-seconds', '0')
    if (isFirst) assert.equal(await other, 0)
    return commit(call)
  }
  assert.equal(await work('--settle-seconds', '0'), 0)
  assert.match(printed.join('\n'), /\nrotated: \d+ records.*\nanother process finished this rotation$/s)
  assert.deepEqual([stageOf(ring), await rotations()], ['retired', 1])
})

it('says that another process finished the rotation and began the next one, and finishes that', async () => {
  await using house = await openTestHouse(null)
  const { open } = house
  const { ledger, ring } = open
  const { work, printed, rotations } = commandIn(house)
  const commit = ledger.commit.bind(ledger)
  const moveHead = (place: RowKey) => ledger.moveHead(place)
  let others: Promise<void> | null = null
  const overtaking = async () => {
    const rooms = { ...open, keys: ring.keys }
    await rotate(ring, { ...rooms, ledger: { commit, moveHead } }, PACE)
    await assert.rejects(rotate(ring, { ...rooms, ledger: { commit: stop, moveHead } }, PACE), /stopped here/)
  }
  ledger.commit = async (call) => {
    others ??= overtaking()
    await others
    return commit(call)
  }
  assert.equal(await work('--settle-seconds', '0'), 1)
  assert.match(
    printed.splice(0).join('\n'),
    /\nanother process finished this rotation, and began another one: .* --resume`$/,
  )
  assert.deepEqual([stageOf(ring), await rotations()], ['current', 1])
  assert.equal(await work('--resume'), 0)
  assert.match(printed.splice(0).join('\n'), /\nrotated: \d+ records/)
  assert.deepEqual([stageOf(ring), await rotations()], ['retired', 2])
})

it('says that the rotation is done, and which records are forged, although its event could not be recorded', async () => {
  await using house = await openTestHouse(null)
  const { ledger, ring } = house.open
  const { KeyId } = (await house.must('CreateKey')).KeyMetadata
  using database = new DatabaseSync(join(house.data, 'strongroom.db'))
  database.prepare("UPDATE record SET revision = revision + 1 WHERE kind = 'cmk' AND id = ?").run(KeyId)
  const { work, printed, rotations } = commandIn(house)
  const commit = ledger.commit.bind(ledger)
  ledger.commit = async (call) => (call.event ? stop() : commit(call))
  await assert.rejects(
    work('--settle-seconds', '0'),
    /^Error: the root key is rotated, but the event about that is not recorded yet \(stopped here\): a running server records it/,
  )
  const forged = `record cmk/${house.credentials.accountId}/cn-hangzhou/${KeyId} is not authentic, and was not changed`
  assert.deepEqual(printed.slice(1), [forged])
  assert.deepEqual([stageOf(ring), await rotations()], ['retired', 0])
})

it('records the rotation of a process that ended right after its last step, although there is nothing else to do', async () => {
  await using house = await openTestHouse(null)
  const { ring } = house.open
  const change = ring.change.bind(ring)
  ring.change = async (changes) => {
    const isDone = await change(changes)
    return changes.event ? stop() : isDone
  }
  const { work, rotations } = commandIn(house)
  await assert.rejects(work('--settle-seconds', '0'), /stopped here/)
  assert.deepEqual([stageOf(ring), await rotations()], ['retired', 0])
  await house.stop()
  const { code, out } = await runHere(['root-key', 'rotate', '--resume', '--data', house.data])
  assert.deepEqual([code, out], [0, 'there is no rotation to finish\n'])
  await house.start()
  assert.equal(await rotations(), 1)
})
