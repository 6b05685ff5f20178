// Random passwords: what they are made of, and that each is as likely as any other.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { CHARACTERS, randomPassword } from '../../src/kms/random-password.ts'
import { openTestHouse, type TestHouse } from '../house.ts'

/** Gives the bytes one after the other, and from the first again after the last. */
function giving(bytes: readonly number[]) {
  let at = 0
  return { randomBytes: (length: number) => Uint8Array.from({ length }, () => bytes[at++ % bytes.length] ?? 0) }
}

describe('a random password', () => {
  const all = Object.values(CHARACTERS)
  const every = Array.from({ length: 256 }, (_, byte) => byte)

  it('has each character with the same probability, whatever their number', () => {
    for (const types of [all, [CHARACTERS.numbers], [CHARACTERS.lowercase, CHARACTERS.numbers], ['a'], ['ab', 'c']]) {
      const characters = types.join('')
      const used = 256 - (256 % characters.length)
      const drawn = randomPassword({ length: used, types, eachType: false }, giving(every))
      const counts = new Map([...characters].map((one) => [one, 0]))
      for (const one of drawn) counts.set(one, (counts.get(one) ?? 0) + 1)
      assert.deepEqual(new Set(counts.values()), new Set([used / characters.length]), characters)
    }
  })

  it('is drawn again as a whole when a type is missing', () => {
    // Each password is of 64 bytes of its own: at first letters, then a digit in the eighth place.
    const bytes = Array.from({ length: 128 }, (_, at) => (at < 64 ? at % 26 : at === 71 ? 26 : 1))
    const wanted = { length: 8, types: [CHARACTERS.lowercase, CHARACTERS.numbers] }
    assert.equal(randomPassword({ ...wanted, eachType: false }, giving(bytes)), 'abcdefgh')
    assert.equal(randomPassword({ ...wanted, eachType: true }, giving(bytes)), 'bbbbbbb0')
  })
})

describe('GetRandomPassword', () => {
  let house: TestHouse
  before(async () => {
    house = await openTestHouse(null)
  })
  after(() => house[Symbol.asyncDispose]())

  const password = async (parameters: Record<string, string> = {}): Promise<string> =>
    (await house.must('GetRandomPassword', parameters)).RandomPassword
  const refusal = async (parameters: Record<string, string>): Promise<string> => {
    const { status, body } = await house.call('GetRandomPassword', parameters)
    assert.deepEqual([status, body.Code], [400, 'InvalidParameter'])
    return /"(\w+)"/.exec(body.Message)?.[1] ?? ''
  }
  const off = { ExcludeLowercase: 'true', ExcludeUppercase: 'true', ExcludeNumbers: 'true', ExcludePunctuation: 'true' }

  it('returns 32 characters with some of each type where nothing else is said', async () => {
    const one = await password()
    assert.match(one, /^[!-~]{32}$/)
    for (const type of [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/]) assert.match(one, type)
    assert.notEqual(await password(), one)
  })

  it('returns what its parameters ask for', async () => {
    for (const length of ['8', '128']) assert.equal((await password({ PasswordLength: length })).length, Number(length))
    assert.match(await password({ ...off, ExcludeNumbers: 'false' }), /^[0-9]{32}$/)
    assert.match(await password({ ...off, ExcludeUppercase: 'false', PasswordLength: '128' }), /^[A-Z]{128}$/)
    const plain = await password({
      ExcludePunctuation: 'true',
      ExcludeCharacters: 'abcdefghij01234',
      PasswordLength: '8',
    })
    assert.match(plain, /^(?=.*[k-z])(?=.*[A-Z])(?=.*[5-9])[k-zA-Z5-9]{8}$/)
    // One character of each type is left, and each occurs.
    const ExcludeCharacters = Object.values(CHARACTERS)
      .map((type) => type.slice(1))
      .join('')
    assert.match(await password({ ExcludeCharacters, PasswordLength: '8' }), /^(?=.*a)(?=.*A)(?=.*0)(?=.*!)[aA0!]{8}$/)
    const numbers = { ExcludeCharacters: CHARACTERS.numbers, RequireEachIncludedType: 'false' }
    assert.match(await password({ ...numbers, PasswordLength: '128' }), /^[^0-9]{128}$/)
  })

  it('refuses what leaves no such password, and names the parameter', async () => {
    for (const PasswordLength of ['7', '129', 'x']) assert.equal(await refusal({ PasswordLength }), 'PasswordLength')
    assert.equal(await refusal(off), 'ExcludePunctuation')
    assert.equal(await refusal({ ExcludeCharacters: 'ä' }), 'ExcludeCharacters')
    assert.equal(await refusal({ ExcludeCharacters: CHARACTERS.numbers }), 'ExcludeCharacters')
    const none = { ...off, ExcludeNumbers: 'false', ExcludeCharacters: CHARACTERS.numbers }
    assert.equal(await refusal({ ...none, RequireEachIncludedType: 'false' }), 'ExcludeCharacters')
    assert.equal(await refusal({ RequireEachIncludedType: 'maybe' }), 'RequireEachIncludedType')
  })

  it('leaves an event that shows the parameters, and no trace of the password', async () => {
    const one = await password({ PasswordLength: '20', ExcludeCharacters: 'lO0' })
    const events = await house.events()
    const { eventName, eventRW, requestParameters } = events.at(-1) ?? {}
    assert.deepEqual([eventName, eventRW, requestParameters], ['GetRandomPassword', 'Read', { PasswordLength: '20' }])
    assert.ok(!JSON.stringify(events).includes(JSON.stringify(one).slice(1, -1)))
    assert.deepEqual(house.failures, [])
  })
})
