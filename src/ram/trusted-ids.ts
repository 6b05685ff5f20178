// The ids of the users, roles and OIDC providers that a trust policy names (RoleBody.trustedIds). They are looked up when the policy is written.
// Each start of a server looks them up for roles that an earlier release wrote without ids.
import type { RootKeys } from '../keystore/root-keys.ts'
import type { Alarm } from '../ledger/alarm.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { Forged, update } from '../ledger/record.ts'
import type { RootWatch } from '../ledger/root-watch.ts'
import { type Scanned, scan } from '../ledger/scan.ts'
import type { RowKey, Storage } from '../storage/storage.ts'
import { oidcProviderByName, type Reads, roleByName, userByName } from './find.ts'
import { MalformedPolicy, type Policy, parsePolicy } from './policy/language.ts'
import { ROLE, type Role, ramScope } from './records.ts'

/** A user or role in a trust policy that does not exist. */
export interface Missing {
  readonly accountId: string
  readonly name: string
  readonly statement: number
}

/**
 * Returns the present ids of the users and roles in a trust policy, by lower-case ARN, and the users and roles that do not exist. `ids` also has
 * the issuers of the OIDC providers that exist.
 */
export async function trustedIdsOf(
  { statements }: Policy,
  ledger: Pick<Ledger, 'get'>,
): Promise<{ ids: Record<string, string>; missing: readonly Missing[] }> {
  const ids: Record<string, string> = {}
  const missing: Missing[] = []
  for (const [statement, { principals }] of statements.entries())
    for (const { name } of principals) {
      const [, accountId, kind, own = ''] = /^acs:ram::(\d+):(user|role|oidc-provider)\/(.*)$/.exec(name) ?? []
      if (accountId === undefined) continue
      const id = await idOf(kind, own, { ledger, caller: { accountId } })
      if (id !== undefined) ids[name.toLowerCase()] = id
      // A provider may be created after the roles that trust it.
      else if (kind !== 'oidc-provider') missing.push({ accountId, name, statement })
    }
  return { ids, missing }
}

async function idOf(kind: string | undefined, name: string, reads: Reads): Promise<string | undefined> {
  if (kind === 'user') return (await userByName(name, reads))?.id
  if (kind === 'role') return (await roleByName(name, reads))?.body.roleId
  return (await oidcProviderByName(name, reads))?.body.issuerUrl
}

/** How many roles are read at once. */
const STEP = 128
/** How many attempts binding a role gets while other servers change it. */
const TRIES = 5

interface Rooms {
  readonly storage: Storage
  readonly ledger: Ledger
  readonly ring: RootWatch & { readonly keys: RootKeys }
}

/**
 * Binds roles that an earlier release wrote to the present ids of their principals. Goes through all roles each time, because servers of the
 * earlier release may create more of them during a rolling upgrade. Skips a role that can't be bound, with an alarm. Throws Unavailable.
 */
export async function bindFormerRoles({ storage, ledger, ring }: Rooms, alarm: Alarm): Promise<void> {
  const rooms = { storage, ring, keys: ring.keys }
  let after: RowKey | null = { kind: ROLE.name, account: '', region: '', id: '' }
  while (after) {
    const found: readonly Scanned[] = await scan(rooms, after, STEP)
    const roles = found.filter(({ key }) => key.kind === ROLE.name)
    await Promise.all(roles.map(({ key, record }) => bindFound(key, record as Role | null, ledger, alarm)))
    after = roles.length === STEP ? (roles.at(-1)?.key ?? null) : null
  }
}

/** The alarm about a role without trustedIds. */
export function unbound({ account, id }: Role): string {
  return `role ${account}/${id} is not bound to the ids of the principals that it trusts, so no user or role of its own account can assume it: restart a server, or write the trust policy again`
}

async function bindFound(key: RowKey, role: Role | null, ledger: Ledger, alarm: Alarm): Promise<void> {
  try {
    if (!role) throw new Forged()
    if (!(await bind(role, ledger))) alarm(unbound(role), 'other servers keep changing it')
  } catch (error) {
    if (!(error instanceof Forged)) throw error
    const { account, id } = key
    alarm(
      `role ${account}/${id} can't be bound to the ids of the principals that it trusts: a record is not authentic`,
      error,
    )
  }
}

/** Returns whether the role is bound or was deleted; false when other servers changed it each time. */
async function bind(found: Role, ledger: Ledger): Promise<boolean> {
  let role: Role | null = found
  for (let tries = 0; tries < TRIES; tries++) {
    if (!role || role.body.trustedIds) return true
    const body = { ...role.body, trustedIds: await formerIds(role, ledger) }
    const outcome = await ledger.commit({ changes: [update(role, { body })], nonce: null, event: null })
    if (outcome === 'committed') return true
    role = await ledger.get(ROLE, ramScope(role.account), role.id)
  }
  return false
}

async function formerIds({ body }: Role, ledger: Ledger): Promise<Readonly<Record<string, string>>> {
  try {
    return (await trustedIdsOf(parsePolicy(body.trustPolicy, 'trust'), ledger)).ids
  } catch (error) {
    // Nobody can assume a role with a malformed trust policy, so it needs no ids.
    if (error instanceof MalformedPolicy) return {}
    throw error
  }
}
