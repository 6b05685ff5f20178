// What policies take in memory: who may assume a role can give each session a policy of its own.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { SessionCaller } from '../../../src/api/caller.ts'
import { CompiledPolicies } from '../../../src/ram/compiled-policies.ts'
import { roleByName } from '../../../src/ram/find.ts'
import { openTestHouse } from '../../house.ts'
import { ramOf } from '../ram.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const MIB = 1024 * 1024

function policy(number: number, conditions: object): string {
  const statement = { Effect: 'Deny', Action: 'kms:*', Resource: `*${number}`, Condition: conditions }
  return JSON.stringify({ Version: '1', Statement: [statement] })
}

describe('a compiled policy', () => {
  const few = 200
  const kinds: Readonly<Record<string, (number: number) => string>> = {
    'of addresses': (number) =>
      policy(number, { IpAddress: { 'acs:SourceIp': Array.from({ length: 110 }, (_, i) => `10.0.${i}.${number}`) } }),
    'of a pattern with many stars and question marks': (number) =>
      policy(number, { StringLike: { 'oss:Prefix': '*?'.repeat(900) } }),
  }
  for (const [kind, document] of Object.entries(kinds))
    it(`${kind} takes little memory`, () => {
      const policies = new CompiledPolicies(() => {})
      policies.session(document(0))
      collectGarbage()
      const before = process.memoryUsage().rss
      for (let number = 1; number <= few; number++) policies.session(document(number))
      collectGarbage()
      const taken = process.memoryUsage().rss - before
      assert.ok(taken < 40 * MIB, `${few} policies take ${taken} bytes`)
    })

  it('takes no more memory after a question about a role', () => {
    const policies = new CompiledPolicies(() => {})
    const Resource = Array.from({ length: 330 }, (_, i) => `*${i}x`)
    const statement = { Effect: 'Deny', Action: 'sts:*', Resource }
    const compiled = Array.from({ length: few }, (_, i) =>
      policies.session(JSON.stringify({ Version: '1', Statement: [{ ...statement, Sid: `${i}` }] })),
    )
    const role = 'acs:ram::1234567890123456:role/reader'
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    for (const { statements } of compiled)
      for (const { meansResource } of statements) assert.equal(meansResource(role, ['sts:assumerole']), false)
    collectGarbage()
    const taken = process.memoryUsage().heapUsed - before
    assert.ok(taken < 5 * MIB, `${few} policies take ${taken} bytes more`)
  })
})

it('the policies of sessions take a bounded amount of memory, however many sessions call', async () => {
  await using house = await openTestHouse(null)
  const { accountId } = house.credentials
  const trust = ramOf(house).document({
    Effect: 'Allow',
    Action: 'sts:AssumeRole',
    Principal: { RAM: [`acs:ram::${accountId}:root`] },
  })
  await ramOf(house).must('CreateRole', { RoleName: 'worker', AssumeRolePolicyDocument: trust })
  const { ledger, authorizer } = house.open
  const role = await roleByName('worker', { ledger, caller: { accountId } })
  assert.ok(role)
  const values = Array.from({ length: 260 }, (_, i) => `?${i}`)
  const session = (number: number): SessionCaller => ({
    type: 'assumed-role',
    accountId,
    principalId: `${role.body.roleId}:s`,
    userName: 'worker:s',
    accessKeyId: `STS.${number}`,
    roleId: role.body.roleId,
    roleName: 'worker',
    sessionName: 's',
    sessionPolicy: policy(number, { StringLike: { 'oss:Prefix': values } }),
    startedAt: house.now,
    invokedBy: null,
  })
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  // As the tokens of sessions, which stay opened.
  const callers: SessionCaller[] = []
  for (let number = 0; number < 1600; number++) {
    const caller = session(number)
    callers.push(caller)
    assert.notEqual(await authorizer.permissions(caller, ledger.view()), null)
  }
  collectGarbage()
  const taken = process.memoryUsage().heapUsed - before
  assert.ok(taken < 50 * MIB, `${callers.length} sessions take ${taken} bytes`)
})
