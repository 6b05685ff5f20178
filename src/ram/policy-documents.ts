// Policy documents on their way in: refused with the place of their fault before they are stored (contract/ram.md 2.6).
import { refuse } from '../api/errors.ts'
import { roleByName, userByName } from './find.ts'
import type { RamContext } from './operation.ts'
import { MalformedPolicy, type Policy, type PolicyUse, parsePolicy } from './policy/language.ts'

/** Refuses with MalformedPolicyDocument. */
export function checkPolicy(document: string, use: PolicyUse = 'identity'): Policy {
  try {
    return parsePolicy(document, use)
  } catch (error) {
    if (error instanceof MalformedPolicy) throw refuse('MalformedPolicyDocument', { fault: error.message })
    throw error
  }
}

/** A trust policy must also name only users and roles that exist, as far as they are the account's own. */
export async function checkTrustPolicy(document: string, context: RamContext): Promise<void> {
  const { statements } = checkPolicy(document, 'trust')
  for (const [i, { principals }] of statements.entries())
    for (const { type, name } of principals) {
      if (type !== 'RAM' || (await exists(name, context))) continue
      const fault = `The principal "${name}" in Statement[${i}] does not exist.`
      throw refuse('MalformedPolicyDocument', { fault })
    }
}

async function exists(arn: string, context: RamContext): Promise<boolean> {
  const [, account, kind, name = ''] = /^acs:ram::(\d+):(root|user\/|role\/)(.*)$/.exec(arn) ?? []
  if (account !== context.caller.accountId || kind === 'root') return true
  return (kind === 'user/' ? await userByName(name, context) : await roleByName(name, context)) !== null
}
