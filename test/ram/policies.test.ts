// The policy cases of test/policies, put to the evaluator, to the service over HTTP and to `ram explain`: one corpus for all three.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { compilePolicy } from '../../src/ram/policy/compile.ts'
import { conditionKey } from '../../src/ram/policy/condition-key.ts'
import { parsePolicy } from '../../src/ram/policy/language.ts'
import { PolicyMemory } from '../../src/ram/policy/policy-memory.ts'
import { PolicySet } from '../../src/ram/policy/policy-set.ts'
import type { StatementPlace } from '../../src/ram/policy/verdict.ts'
import { type Credentials, call } from '../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { explained, HERE } from './explaining.ts'
import { ramOf } from './ram.ts'

interface Case {
  readonly description: string
  readonly policies: Readonly<Record<string, object>>
  /** Their tags by key. */
  readonly keys?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly requests: readonly Request[]
}

interface Request {
  readonly description: string
  readonly action: string
  readonly resource: string
  readonly context?: Readonly<Record<string, string>>
  readonly call?: Readonly<Record<string, string>>
  readonly decision: 'Allow' | 'ExplicitDeny' | 'ImplicitDeny'
  readonly by?: Pick<StatementPlace, 'policyName' | 'statementIndex'>
}

const FOLDER = new URL('../policies/', import.meta.url)
const VERSIONS: Readonly<Record<string, string>> = { kms: '2016-01-20', ram: '2015-05-01' }
const CASES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => [name.replace('.json', ''), readFileSync(new URL(name, FOLDER), 'utf8')] as const)

/** The case with names filled in: `{account}`, and `{NAME}` for the id of a key. */
function filled(text: string, ids: Readonly<Record<string, string>>): Case {
  return JSON.parse(text.replace(/\{([a-z]+)\}/g, (all, name) => ids[name] ?? all)) as Case
}

describe('the evaluator', () => {
  for (const [name, text] of CASES) {
    const { description, policies, keys = {}, requests } = filled(text, { account: '1' })
    it(`${name}: ${description}`, () => {
      const set = new PolicySet(
        Object.entries(policies).map(([name, document]) => ({
          name,
          version: 'v1',
          policy: compilePolicy(parsePolicy(JSON.stringify(document), 'identity')),
        })),
        new PolicyMemory(),
      )
      for (const { description, action, resource, context = {}, decision, by = null } of requests) {
        const [, key = ''] = /key\/\{([a-z]+)\}$/.exec(resource) ?? []
        const tags = Object.entries(keys[key] ?? {}).map(([tag, value]) => [`kms:tag/${tag}`, value] as const)
        const facts = [...Object.entries(HERE), ...tags, ...Object.entries(context)]
        const values = new Map(facts.map(([key, value]) => [conditionKey(key), value]))
        assert.deepEqual(
          set.decide(action, resource, values),
          { decision, by: by && { policyVersion: 'v1', ...by } },
          description,
        )
      }
    })
  }
})

describe('the service and `ram explain`', () => {
  let house: TestHouse
  before(async () => {
    house = await openTestHouse(null)
  })
  after(() => house[Symbol.asyncDispose]())

  /** Makes the case's keys, and a user with its policies, which are named after the case. */
  async function made(name: string, text: string): Promise<{ one: Case; user: Credentials }> {
    const ids: Record<string, string> = { account: house.credentials.accountId }
    for (const [key, tags] of Object.entries((JSON.parse(text) as Case).keys ?? {})) {
      const { KeyId } = (await house.must('CreateKey')).KeyMetadata
      ids[key] = KeyId
      const Tags = JSON.stringify(Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })))
      if (Tags !== '[]') await house.must('TagResource', { KeyId, Tags })
    }
    const one = filled(text, ids)
    const ram = ramOf(house)
    await ram.must('CreateUser', { UserName: name })
    for (const [policy, document] of Object.entries(one.policies)) {
      const PolicyName = `${name}-${policy}`
      await ram.must('CreatePolicy', { PolicyName, PolicyDocument: JSON.stringify(document) })
      await ram.must('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName, UserName: name })
    }
    return { one, user: await ram.accessKeyOf(name) }
  }

  /** What the service decides; of an explicit denial also the statement, which its event names. */
  async function served({ action, call: parameters = {} }: Request, user: Credentials) {
    const [service = '', name = ''] = action.split(':')
    const Version = VERSIONS[service] ?? ''
    const { status, body } = await call(house.endpoint, user, name, { Version, ...parameters }, house.now)
    const { NoPermissionType: denied } = body.AccessDeniedDetail ?? {}
    assert.ok(denied !== undefined || status === 200 || status === 404, JSON.stringify(body))
    if (denied !== 'ExplicitDeny') return { decision: denied ?? 'Allow', by: null }
    const detail = JSON.stringify((await house.events()).at(-1)?.['additionalEventData'])
    const { PolicyName: policyName, StatementIndex } = JSON.parse(detail).AccessDeniedDetail
    return { decision: denied, by: { policyName, statementIndex: Number(StatementIndex) } }
  }

  for (const [name, text] of CASES)
    it(`${name}: decide alike`, async () => {
      const { one, user } = await made(name, text)
      for (const request of one.requests) {
        const { description, action, resource, context, decision } = request
        const by = request.by ? { ...request.by, policyName: `${name}-${request.by.policyName}` } : null
        const answer = await explained(house, `user/${name}`, action, resource, { ...HERE, ...context })
        assert.equal(answer.decision, decision, `explain: ${description}`)
        if (by)
          assert.ok(
            answer.statements.some(
              (place) => place.policyName === by.policyName && place.statementIndex === by.statementIndex,
            ),
            `explain: ${description}`,
          )
        if (request.call)
          assert.deepEqual(
            await served(request, user),
            { decision, by: decision === 'ExplicitDeny' ? by : null },
            `the service: ${description}`,
          )
      }
    })
})
