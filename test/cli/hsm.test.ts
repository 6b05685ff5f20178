// `strongroom hsm check` while servers make and destroy keys.
import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { describe, it } from 'node:test'
import { hsm } from '../../src/cli/hsm.ts'
import type { Surroundings } from '../../src/cli/surroundings.ts'
import type { OpenHouse } from '../../src/house/open.ts'
import { toReference } from '../../src/keystore/pkcs11/object-names.ts'
import { CMK, VERSION } from '../../src/kms/records.ts'

const ACCOUNT = '1000000000000001'
const [OLD, NEW] = ['0'.repeat(32), '1'.repeat(32)]

/** A house whose key versions and objects are these, before and after the tokens were read. */
function changingHouse(before: readonly string[], objects: readonly string[], after: readonly string[]) {
  let present = before
  const scoped = { account: ACCOUNT, region: 'cn-hongkong' }
  const version = (objectId: string) => ({ id: objectId, ...scoped, body: { material: toReference(objectId) } })
  const key = { id: 'a-key', ...scoped, body: { protectionLevel: 'HSM' } }
  const house = {
    hsm: {
      trouble: null,
      start: async () => {},
      stop: async () => {},
      async inspect() {
        present = after
        const keys = objects.map((id) => ({
          id,
          label: `l/k/${ACCOUNT}/cn-hongkong/${id}`,
          sensitive: true,
          extractable: false,
        }))
        return [
          {
            token: 'one',
            up: true,
            reason: '',
            model: '',
            serial: '',
            firmware: '',
            freePrivateMemory: null,
            abilities: {},
            keys,
            wrappingKeys: [],
            rootKeys: [],
          },
        ]
      },
    },
    accounts: { list: async () => [{ id: ACCOUNT }] },
    ring: { provider: {} },
    storage: { close: async () => {} },
    ledger: {
      async *byCreation(kind: unknown, { region }: { readonly region: string }) {
        if (kind === CMK && region === scoped.region) yield [key]
      },
      async page(kind: unknown) {
        return { records: kind === VERSION ? present.map(version) : [], total: present.length }
      },
      due: async () => [],
      get: async (_: unknown, __: unknown, id: string) => (present.includes(id) ? version(id) : null),
    },
  }
  return house as unknown as OpenHouse
}

async function check(house: OpenHouse): Promise<{ readonly code: number; readonly out: string }> {
  const printed: string[] = []
  const around: Surroundings = {
    env: { STRONGROOM_HSM_PIN: '1234' },
    readFile: () => '',
    print: (text) => void printed.push(text),
    output: new Writable(),
    async *input() {},
    printsToTerminal: false,
    complain: (text) => void printed.push(text),
    terminal: false,
    status: () => {},
    ask: null,
  }
  const flags = ['--hsm-module', 'library.so', '--hsm-token', 'one']
  const code = await hsm(['check', ...flags], async () => house, around)
  return { code, out: printed.join('\n') }
}

describe('strongroom hsm check', () => {
  it('misses no key that is made while it reads the tokens', async () => {
    const { code, out } = await check(changingHouse([OLD], [OLD], [OLD, NEW]))
    assert.doesNotMatch(out, /missing: version/)
    assert.equal(code, 0, out)
  })

  it('misses no key that is destroyed while it reads the tokens', async () => {
    const { code, out } = await check(changingHouse([OLD, NEW], [OLD], [OLD]))
    assert.equal(code, 0, out)
  })

  it('says which key is missing all the time', async () => {
    const { code, out } = await check(changingHouse([OLD, NEW], [OLD], [OLD, NEW]))
    assert.match(out, new RegExp(`missing: version ${NEW} of key a-key`))
    assert.equal(code, 1)
  })
})
