// A call that must be decided again and ends without another commit: the ledger, which may hold a turn for it, hears of its end.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LedgerView } from '../../src/ledger/view.ts'
import { openTestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'

describe('a call that was moved', () => {
  it('counts as ended if its AccessKey is refused before its next commit', async () => {
    await using house = await openTestHouse(null, [])
    const { ledger } = house.open
    const ram = ramOf(house)
    await ram.must('CreateUser', { UserName: 'carol' })
    const carol = await ram.accessKeyOf('carol')
    const [moved, ended]: [LedgerView[], LedgerView[]] = [[], []]
    const commit = ledger.commit.bind(ledger)
    ledger.commit = async (call) => {
      if (call.nonce?.accessKeyId !== carol.accessKeyId || !call.view) return commit(call)
      moved.push(call.view)
      await ram.must('DeleteAccessKey', { UserName: 'carol', UserAccessKeyId: carol.accessKeyId })
      return 'moved'
    }
    ledger.ended = (view) => void ended.push(view)
    const { body } = await house.call('ListKeys', {}, carol)
    assert.equal(body.Code, 'InvalidAccessKeyId.NotFound')
    assert.equal(moved.length, 1)
    assert.ok(ended.some(({ first }) => first === moved[0]?.first))
  })
})
