// What `strongroom ram explain` says in a test house, beside what the service does.
import { answerTo } from '../../src/access/answer.ts'
import { callerOf } from '../../src/access/principals.ts'
import { conditionKey } from '../../src/ram/policy/condition-key.ts'
import { readSettings } from '../../src/settings/settings.ts'
import type { TestHouse } from '../house.ts'

/** What calls over the test's connection say of themselves. */
export const HERE = { 'acs:SourceIp': '127.0.0.1', 'acs:SecureTransport': 'false' }

export async function explained(
  house: TestHouse,
  principal: string,
  action: string,
  arn: string,
  context: Readonly<Record<string, string>> = HERE,
) {
  const { accountId } = house.credentials
  const rooms = {
    ...house.open,
    ledger: house.open.ledger.view(),
    settings: readSettings(['--data', house.data], {}, () => ''),
  }
  const further = new Map(Object.entries(context).map(([key, value]) => [conditionKey(key), value]))
  const caller = await callerOf(`acs:ram::${accountId}:${principal}`, rooms)
  if (!caller) throw new Error(`there is no ${principal}`)
  const facts = { now: Date.now(), secureTransport: false, sourceAddress: '', requestTags: [], further }
  return answerTo(caller, { action, arn, facts }, rooms)
}
