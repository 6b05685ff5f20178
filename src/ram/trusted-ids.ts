// The ids of the users and roles that a trust policy names (RoleBody.trustedIds), found when it is written; and, once for a database,
// those of roles that an earlier release wrote without them.
import type { Alarm } from '../ledger/alarm.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { Forged, INSTALLATION, update } from '../ledger/record.ts'
import { roleByName, userByName } from './find.ts'
import { commitMarked, type InstallationMark } from './installation-mark.ts'
import { ACCOUNT } from './key-holder.ts'
import { MalformedPolicy, type Policy, parsePolicy } from './policy/language.ts'
import { ROLE, type Role, ramScope } from './records.ts'

/** A user or role that a trust policy names and that does not exist. */
export interface Missing {
  readonly accountId: string
  readonly name: string
  readonly statement: number
}

/** The ids that the users and roles of a trust policy have now, by their ARN in lower case, and who has none. */
export async function trustedIdsOf(
  { statements }: Policy,
  ledger: Pick<Ledger, 'get'>,
): Promise<{ ids: Record<string, string>; missing: readonly Missing[] }> {
  const ids: Record<string, string> = {}
  const missing: Missing[] = []
  for (const [statement, { principals }] of statements.entries())
    for (const { type, name } of principals) {
      const [, accountId, kind, own = ''] = /^acs:ram::(\d+):(user|role)\/(.*)$/.exec(name) ?? []
      if (type !== 'RAM' || accountId === undefined) continue
      const reads = { ledger, caller: { accountId } }
      const id = kind === 'user' ? (await userByName(own, reads))?.id : (await roleByName(own, reads))?.body.roleId
      if (id === undefined) missing.push({ accountId, name, statement })
      else ids[name.toLowerCase()] = id
    }
  return { ids, missing }
}

/** How often roles are read again that other servers change meanwhile. */
const TRIES = 5

/**
 * Binds the roles that an earlier release wrote to the ids that their principals have now; once for a database. What is not authentic is
 * passed over with an alarm, and tried again at the next start. Throws Unavailable.
 */
export async function bindFormerRoles(ledger: Ledger, installation: InstallationMark, alarm: Alarm): Promise<void> {
  const isDone = () => installation.record.body.trustBound === true
  if (isDone()) return
  for (let tries = 0; tries < TRIES; tries++) {
    if (!(await bindAll(ledger, alarm))) continue
    await commitMarked(ledger, installation, async () => {
      return { result: null, change: isDone() ? null : { changes: [], mark: { trustBound: true } } }
    })
    return
  }
}

/** Whether every role is bound. */
async function bindAll(ledger: Ledger, alarm: Alarm): Promise<boolean> {
  let all = true
  for await (const accounts of ledger.byId(ACCOUNT, INSTALLATION, ''))
    for (const { id } of accounts)
      try {
        for await (const roles of ledger.byId(ROLE, ramScope(id), '')) {
          const bound = await Promise.all(roles.map((role) => bind(role, ledger)))
          all &&= bound.every(Boolean)
        }
      } catch (error) {
        if (!(error instanceof Forged)) throw error
        alarm(
          `the trust of roles of account ${id} could not be bound to ids: such a role lets in no user or role of its account`,
          error,
        )
        all = false
      }
  return all
}

/** Whether the role is bound; not when it moved meanwhile. */
async function bind(role: Role, ledger: Ledger): Promise<boolean> {
  if (role.body.trustedIds) return true
  const body = { ...role.body, trustedIds: await formerIds(role, ledger) }
  return (await ledger.commit({ changes: [update(role, { body })], nonce: null, event: null })) === 'committed'
}

async function formerIds({ body }: Role, ledger: Ledger): Promise<Readonly<Record<string, string>>> {
  try {
    return (await trustedIdsOf(parsePolicy(body.trustPolicy, 'trust'), ledger)).ids
  } catch (error) {
    // A trust policy that can't be read lets nobody in.
    if (error instanceof MalformedPolicy) return {}
    throw error
  }
}
