// The AccessKey of a user: it follows its user, and is never that of the account itself.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { remove } from '../../src/ledger/record.ts'
import { ramScope, USER } from '../../src/ram/records.ts'
import { openTestHouse } from '../house.ts'
import { ramOf } from './ram.ts'

it('an AccessKey has the present name of its user, and none without its user', async () => {
  await using house = await openTestHouse(null)
  const ram = ramOf(house)
  const { UserId } = (await ram.must('CreateUser', { UserName: 'alice' })).User
  const { accountId, accessKeyId } = await ram.accessKeyOf('alice')
  const { ledger, accessKeys } = house.open
  const callerNow = async () => (await accessKeys.find(accessKeyId, ledger.view()))?.caller
  assert.equal((await callerNow())?.userName, 'alice')
  await ram.must('UpdateUser', { UserName: 'alice', NewUserName: 'bob' })
  assert.deepEqual(await callerNow(), {
    type: 'ram-user',
    accountId,
    principalId: UserId,
    userName: 'bob',
    accessKeyId,
  })

  const user = await ledger.get(USER, ramScope(accountId), UserId)
  assert.ok(user)
  const gone = { changes: [remove(USER, user)], nonce: null, event: null }
  assert.equal(await ledger.commit(gone), 'committed')
  assert.equal(await callerNow(), undefined)
})
