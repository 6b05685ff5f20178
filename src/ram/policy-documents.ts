// Policy documents on their way in: refused with the place of their fault before they are stored (contract/ram.md 2.6).
import { refuse } from '../api/errors.ts'
import { roleByName, userByName } from './find.ts'
import type { RamContext } from './operation.ts'
import { MalformedPolicy, type Policy, type PolicyUse, parseNewPolicy } from './policy/language.ts'

/** Refuses with MalformedPolicyDocument. */
export function checkPolicy(document: string, use: PolicyUse = 'identity'): Policy {
  try {
    return parseNewPolicy(document, use)
  } catch (error) {
    if (error instanceof MalformedPolicy) throw refuse('MalformedPolicyDocument', { fault: error.message })
    throw error
  }
}

/**
 * Checks a trust policy, and finds the ids of the users and roles that it names (RoleBody.trustedIds). Those of the account itself
 * must exist. The caller may not learn which ones another account has: one that does not exist there yet stays trusted by its name.
 */
export async function bindTrustPolicy(document: string, context: RamContext): Promise<Record<string, string>> {
  const { statements } = checkPolicy(document, 'trust')
  const ids: Record<string, string> = {}
  for (const [i, { principals }] of statements.entries())
    for (const { type, name } of principals) {
      const [, accountId, kind, own = ''] = /^acs:ram::(\d+):(user|role)\/(.*)$/.exec(name) ?? []
      if (type !== 'RAM' || accountId === undefined) continue
      const reads = { ledger: context.ledger, caller: { accountId } }
      const id = kind === 'user' ? (await userByName(own, reads))?.id : (await roleByName(own, reads))?.body.roleId
      if (id !== undefined) ids[name.toLowerCase()] = id
      else if (accountId === context.caller.accountId)
        throw refuse('MalformedPolicyDocument', {
          fault: `The principal "${name}" in Statement[${i}] does not exist.`,
        })
    }
  return ids
}
