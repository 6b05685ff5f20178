// A view of the ledger: what one attempt of a call read stays as it was read, so that what was authorized is what is done.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ALIAS } from '../../src/kms/records.ts'
import { insert, type Kind, type Recorded, type Scope } from '../../src/ledger/record.ts'
import { LedgerView, type Source } from '../../src/ledger/view.ts'
import { eachDatabase } from '../databases.ts'
import type { TestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'

const THING: Kind<{ n: number }> = { name: 'thing', counted: true }
const OTHER: Kind<{ n: number }> = { name: 'other', counted: true }
const scope = { account: '1', region: 'r' }

function thing(id: string, n: number, kind = THING, place: Scope = scope): Recorded<{ n: number }> {
  return insert(kind, { ...place, id, createdAt: 1, body: { n } }).after
}

/** Records that tests change under a view, and how often they were read. */
class Records {
  readonly all: Recorded<unknown>[]
  reads = 0

  constructor(...all: Recorded<unknown>[]) {
    this.all = all
  }

  get source(): Source {
    const within = (kind: Kind<unknown>, { account, region }: Scope) =>
      this.all.filter((one) => one.kind === kind.name && one.account === account && one.region === region)
    return {
      get: async (kind: Kind<unknown>, place: Scope, id: string) => {
        this.reads++
        return within(kind, place).find((one) => one.id === id) ?? null
      },
      page: async (kind: Kind<unknown>, place: Scope) => ({ records: within(kind, place), total: 0 }),
      between: async (kind: Kind<unknown>, place: Scope) => within(kind, place),
    } as unknown as Source
  }
}

const WHERE = { after: '', before: '~', limit: 10 }
const numbers = (records: readonly Recorded<{ n: number }>[]) => records.map(({ id, body }) => `${id} ${body.n}`)

describe('a view of the ledger', () => {
  it('shows a record as it was first read, and one that was missing as missing', async () => {
    const records = new Records(thing('a', 1))
    const view = new LedgerView(records.source)
    assert.equal((await view.get(THING, scope, 'a'))?.body.n, 1)
    assert.equal(await view.get(THING, scope, 'b'), null)
    records.all.splice(0, 1, thing('a', 2), thing('b', 1))
    assert.equal((await view.get(THING, scope, 'a'))?.body.n, 1)
    assert.equal(await view.get(THING, scope, 'b'), null)
    assert.equal(records.reads, 2)
  })

  it('reads a record once, however many ask for it at the same time', async () => {
    const records = new Records(thing('a', 1))
    const view = new LedgerView(records.source)
    const [one, two] = await Promise.all([view.get(THING, scope, 'a'), view.get(THING, scope, 'a')])
    assert.equal(one, two)
    assert.equal(records.reads, 1)
  })

  it('shows in its lists what it read before as it was then', async () => {
    const records = new Records(thing('a', 1), thing('b', 1))
    const view = new LedgerView(records.source)
    await view.get(THING, scope, 'a')
    await view.get(THING, scope, 'c')
    records.all.splice(0, 2, thing('a', 2), thing('b', 2), thing('c', 2))
    assert.deepEqual(numbers(await view.between(THING, scope, WHERE)), ['a 1', 'b 2'])
    assert.deepEqual(numbers((await view.page(THING, scope, { offset: 0, limit: 9 })).records), ['a 1', 'b 2'])
  })

  it('tells kinds, accounts and regions apart that use one id', async () => {
    const far = { account: '1', region: 's' }
    const records = new Records(thing('a', 1), thing('a', 2, OTHER), thing('a', 3, THING, far))
    const view = new LedgerView(records.source)
    const read = async () =>
      [view.get(THING, scope, 'a'), view.get(OTHER, scope, 'a'), view.get(THING, far, 'a')].map(
        async (found) => (await found)?.body.n,
      )
    assert.deepEqual(await Promise.all(await read()), [1, 2, 3])
    assert.deepEqual(await Promise.all(await read()), [1, 2, 3])
  })
})

/** Lets `move` happen right after an alias was read for the first time, while the call that reads it goes on. */
function afterAliasRead({ open: { ledger } }: TestHouse, move: () => Promise<unknown>): void {
  const get = ledger.get.bind(ledger)
  let once = true
  ledger.get = async <B>(kind: Kind<B>, place: Scope, id: string) => {
    const found = await get(kind, place, id)
    if (kind.name === ALIAS.name && once) {
      once = false
      await move()
    }
    return found
  }
}

eachDatabase((open) => {
  for (const [action, parameters] of [
    ['GenerateDataKey', {}],
    ['Encrypt', { Plaintext: 'x' }],
    ['DescribeKey', {}],
  ] as const)
    it(`decides ${action} again, from authorization on, when its alias moves meanwhile`, async () => {
      await using house = await open()
      const newKey = async () => (await house.must('CreateKey')).KeyMetadata.KeyId as string
      const [own, secret] = [await newKey(), await newKey()]
      await house.must('CreateAlias', { KeyId: own, AliasName: 'alias/app' })
      const ram = ramOf(house)
      await ram.must('CreateUser', { UserName: 'app' })
      const may = ram.document({ Effect: 'Allow', Action: `kms:${action}`, Resource: `acs:kms:*:*:key/${own}` })
      await ram.must('CreatePolicy', { PolicyName: 'app', PolicyDocument: may })
      await ram.must('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName: 'app', UserName: 'app' })
      const user = await ram.accessKeyOf('app')
      const called = () => house.call(action, { KeyId: 'alias/app', ...parameters }, user)

      afterAliasRead(house, () => house.must('UpdateAlias', { KeyId: secret, AliasName: 'alias/app' }))
      assert.equal((await called()).body.Code, 'Forbidden.NoPermission')
      assert.equal((await called()).body.Code, 'Forbidden.NoPermission')
    })
})
