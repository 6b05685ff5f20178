// Finds all principals of an account that may perform an action, with the decision that the service would make for each.
import type { Caller } from '../api/caller.ts'
import { afterName, ROLE, ramScope, USER, USER_NAME } from '../ram/records.ts'
import { answerTo, oddities, type Question, type Rooms } from './answer.ts'
import { roleCaller, rootCaller, userCaller } from './principals.ts'

const AT_ONCE = 1000

/** Returns the ARNs of all principals of the account that may perform the action, and warnings about the limits of the answer. */
export async function whoCan(account: string, question: Question, rooms: Rooms) {
  const scope = ramScope(account)
  const { ledger } = rooms
  const may: string[] = []
  const warnings = new Set(oddities(question))
  const ask = async (caller: Caller, arn: string) => {
    const answer = await answerTo(caller, question, rooms)
    if (answer.decision === 'Allow') may.push(arn)
    for (const warning of answer.warnings) warnings.add(warning)
  }
  await ask(rootCaller(account), `acs:ram::${account}:root`)
  for (let last = ''; ; ) {
    const names = await ledger.between(USER_NAME, scope, afterName(last, AT_ONCE))
    for (const { body } of names) {
      const user = await ledger.get(USER, scope, body.id)
      if (user) await ask(userCaller(user), `acs:ram::${account}:user/${user.body.userName}`)
      await ledger.turn()
    }
    if (names.length < AT_ONCE) break
    last = names.at(-1)?.id ?? last
  }
  for (let last = ''; ; ) {
    const roles = await ledger.between(ROLE, scope, afterName(last, AT_ONCE))
    for (const role of roles) {
      await ask(roleCaller(role), `acs:ram::${account}:role/${role.body.roleName}`)
      await ledger.turn()
    }
    if (roles.length < AT_ONCE) return { may, warnings }
    last = roles.at(-1)?.id ?? last
  }
}
