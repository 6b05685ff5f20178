// Checks policy documents before they are stored; a refusal names the place of the fault (docs/reference/policy-language.md).
import { refuse } from '../api/errors.ts'
import type { RamContext } from './operation.ts'
import { MalformedPolicy, type Policy, type PolicyUse, parseNewPolicy } from './policy/language.ts'
import { trustedIdsOf } from './trusted-ids.ts'

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
 * Checks a trust policy, and returns the ids of the principals that it names (RoleBody.trustedIds). Users and roles of the account itself must
 * exist; otherwise refuses with MalformedPolicyDocument. A missing user or role of another account is accepted and trusted by its name, so that
 * the caller does not learn which ones that account has.
 */
export async function bindTrustPolicy(document: string, context: RamContext): Promise<Record<string, string>> {
  const { ids, missing } = await trustedIdsOf(checkPolicy(document, 'trust'), context.ledger)
  const own = missing.find(({ accountId }) => accountId === context.caller.accountId)
  if (!own) return ids
  throw refuse('MalformedPolicyDocument', {
    fault: `The principal "${own.name}" in Statement[${own.statement}] does not exist.`,
  })
}
