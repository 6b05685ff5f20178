// One user's calls that take long to compute delay neither other users nor the commits of everybody.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { eachDatabase } from '../databases.ts'
import { until } from '../until.ts'
import { ramOf } from './ram.ts'

const PASSWORD = 'canary-password-1'

eachDatabase((open) => {
  it('calls with hashes or pictures wait for each other, and the user with the most of them loses some', async () => {
    await using house = await open()
    const ram = ramOf(house)
    const userNamed = async (UserName: string) => {
      await ram.must('CreateUser', { UserName })
      await ram.must('CreateLoginProfile', { UserName, Password: PASSWORD })
      return ramOf(house, await ram.accessKeyOf(UserName))
    }
    const [mallory, alice] = [await userNamed('mallory'), await userNamed('alice')]
    const release = Promise.withResolvers<void>()
    const held = house.open.heavyWork.run('somebody', () => release.promise)
    const outcomes: string[] = []
    const guesses = Array.from({ length: 40 }, async () =>
      outcomes.push(
        await mallory.outcome('ChangePassword', { OldPassword: 'a guess', NewPassword: 'canary-password-2' }),
      ),
    )
    await until(() => outcomes.length === 8)
    const changed = alice.outcome('ChangePassword', { OldPassword: PASSWORD, NewPassword: 'canary-password-3' })
    await until(() => outcomes.length === 9)
    const device = ram.outcome('CreateVirtualMFADevice', { VirtualMFADeviceName: 'phone' })
    await until(() => outcomes.length === 10)
    assert.equal((await house.call('CreateKey')).status, 200, 'other calls wait for none of them')
    release.resolve()
    await held
    assert.deepEqual([await changed, await device], ['OK', 'OK'])
    await Promise.all(guesses)
    const count = (code: string) => outcomes.filter((one) => one === code).length
    assert.deepEqual([count('Throttling.User'), count('InvalidParameter.OldPassword')], [10, 30])
  })
})
