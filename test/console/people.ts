// People who use the console of a house: users of RAM, and their browsers.
import assert from 'node:assert/strict'
import type { TestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'
import { Browser } from './browser.ts'

type Parameters = Readonly<Record<string, string>>

export const PASSWORD = 'correct horse 1'
export const KMS_FULL = { PolicyType: 'System', PolicyName: 'AliyunKMSFullAccess' }

export class People {
  readonly #house: TestHouse
  #users = 0

  constructor(house: TestHouse) {
    this.#house = house
  }

  /** The name of a new user, with a login profile and a policy; null for none. */
  async user({ profile = {} as Parameters | null, policy = KMS_FULL as Parameters | null } = {}): Promise<string> {
    const ram = ramOf(this.#house)
    const UserName = `user-${++this.#users}`
    await ram.must('CreateUser', { UserName })
    if (profile) await ram.must('CreateLoginProfile', { UserName, Password: PASSWORD, ...profile })
    if (policy) await ram.must('AttachPolicyToUser', { UserName, ...policy })
    return UserName
  }

  /** A browser in which the user has logged on with the password. */
  async loggedOn(name: string, Password = PASSWORD): Promise<Browser> {
    const browser = new Browser(this.#house)
    const UserName = `${name}@${this.#house.credentials.accountId}`
    assert.equal(await browser.outcome({ UserName, Password }), 'OK')
    return browser
  }
}
