// What the name of a key in a call says, before anything is looked up.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Named, named } from '../../src/kms/key-name.ts'

const scope = { account: '1000000000000001', region: 'cn-hangzhou' }
const foreign = { foreign: true } as const

const NAMES: readonly (readonly [title: string, name: string, expected: Named])[] = [
  ['is an id', '8a2b-1', { key: '8a2b-1' }],
  ['is an alias', 'alias/orders', { alias: 'alias/orders' }],
  ['is the ARN of a key', 'acs:kms:cn-hangzhou:1000000000000001:key/8a2b-1', { key: '8a2b-1' }],
  ['is the ARN of an alias', 'acs:kms:cn-hangzhou:1000000000000001:alias/orders', { alias: 'alias/orders' }],
  ['is foreign when it is of another account', 'acs:kms:cn-hangzhou:1000000000000002:key/8a2b-1', foreign],
  ['is foreign when it is of another region', 'acs:kms:cn-beijing:1000000000000001:key/8a2b-1', foreign],
  ['is foreign when it is of another service', 'acs:ram:cn-hangzhou:1000000000000001:key/8a2b-1', foreign],
  [
    'is foreign when it is of neither a key nor an alias',
    'acs:kms:cn-hangzhou:1000000000000001:secret/orders',
    foreign,
  ],
  [
    'is taken for an id when it is no ARN, though no key has such an id',
    'acs:kms:key/8a2b-1',
    { key: 'acs:kms:key/8a2b-1' },
  ],
]

describe('the name of a key', () => {
  for (const [title, name, expected] of NAMES)
    it(title, () => {
      assert.deepEqual(named(name, { scope }), expected)
    })
})
