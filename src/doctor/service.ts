// What a server tells a caller with credentials, by the same calls as the console's Overview.
import { unknownAction } from '../access/question.ts'
import { MalformedPolicy, parsePolicy } from '../ram/policy/language.ts'
import { type Check, counted, type Finding, findingsOf } from './finding.ts'

/** Calls an operation. Rejects when no server answers. */
export type Call = (
  action: string,
  version: string,
  parameters?: Readonly<Record<string, string>>,
) => Promise<{ readonly status: number; readonly answer: Readonly<Record<string, unknown>> }>

const [KMS, RAM, STS, ACTIONTRAIL] = ['2016-01-20', '2015-05-01', '2015-04-01', '2020-07-06']
const WITHIN_DAYS = 30
const SHOWN_KEYS = 10
const PAGES = 10
const POLICIES_AT_ONCE = 100

/** The server refused a call: the check that needs the call is not made. */
class Refused extends Error {}

/** Checks the credentials, and with valid ones asks the server. */
export async function checkService(call: Call, whence: string): Promise<readonly Finding[]> {
  const credentials = await attempt('credentials', async () => {
    const { ok, error, notMade } = findingsOf('credentials')
    const { status, answer } = await call('GetCallerIdentity', STS)
    if (status < 300) return [ok(`those of ${whence} belong to ${answer['Arn']}`)]
    if (status >= 500) return [notMade(`the server can't verify those of ${whence} now: ${answer['Code']}`)]
    return [error(`those of ${whence} are refused: ${answer['Code']}: ${answer['Message']}`, 'correct or replace them')]
  })
  const valid = credentials.every(({ result }) => result === 'ok')
  const found = [...credentials]
  for (const [check, made] of Object.entries(ASKED) as [
    keyof typeof ASKED,
    (ask: Ask) => Promise<readonly Finding[]>,
  ][])
    found.push(
      ...(valid
        ? await attempt(check, () => made(asking(call)))
        : [findingsOf(check).notMade('no valid credentials are known')]),
    )
  return found
}

type Ask = <T>(action: string, version: string, parameters?: Readonly<Record<string, string>>) => Promise<T>

function asking(call: Call): Ask {
  return async <T>(action: string, version: string, parameters = {}) => {
    const { status, answer } = await call(action, version, parameters)
    if (status < 300) return answer as T
    const { AuthAction } = (answer['AccessDeniedDetail'] ?? {}) as Record<string, unknown>
    throw new Refused(
      AuthAction
        ? `these credentials may not perform ${AuthAction}`
        : `${action} is refused: ${answer['Code']}: ${answer['Message']}`,
    )
  }
}

async function attempt(check: Check, make: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await make()
  } catch (failure) {
    return [findingsOf(check).notMade((failure as Error).message)]
  }
}

/** The checks that ask the server. Each rejects where it can't be made. */
export const ASKED = {
  async checkpoints(ask: Ask) {
    const { ok, error } = findingsOf('checkpoints')
    const chain = await ask<{
      CheckpointLate: boolean
      CheckpointLagSeconds?: number
      Verification?: { State: string }
    }>('InspectEventChain', ACTIONTRAIL)
    const minutes = Math.floor((chain.CheckpointLagSeconds ?? 0) / 60)
    const found = [
      ...(chain.CheckpointLate
        ? [
            error(
              `events have waited for a signed checkpoint for ${counted(minutes, 'minute')}`,
              'see the log of the server',
            ),
          ]
        : []),
      ...(chain.Verification?.State === 'NotIntact'
        ? [error('the last verification found that the trail is not intact', 'run `strongroom audit verify`')]
        : []),
    ]
    return found.length > 0 ? found : [ok('all events up to now have a signed checkpoint')]
  },

  async trails(ask: Ask) {
    const { ok, error } = findingsOf('trails')
    const { TrailList } = await ask<{ TrailList: readonly { Name: string }[] }>('DescribeTrails', ACTIONTRAIL)
    const found: Finding[] = []
    for (const { Name } of TrailList) {
      const status = await ask<{ OssBucketStatus?: boolean; LatestDeliveryError?: string }>(
        'GetTrailStatus',
        ACTIONTRAIL,
        { Name },
      )
      if (status.OssBucketStatus === false)
        found.push(
          error(`\`${Name}\` can't deliver: ${status.LatestDeliveryError}`, 'correct its bucket, or `delivery-target`'),
        )
    }
    return found.length > 0 ? found : [ok(`${counted(TrailList.length, 'trail')}, none of which fails`)]
  },

  async HSM(ask: Ask) {
    const { ok, error } = findingsOf('HSM')
    const { Tokens } = await ask<{ Tokens: { Token: readonly { Name: string; State: string; Reason?: string }[] } }>(
      'InspectHsm',
      KMS,
    )
    const absent = Tokens.Token.filter(({ State }) => State !== 'Serving')
    if (Tokens.Token.length === 0) return [ok('no HSM is configured')]
    if (absent.length === 0) return [ok(`${counted(Tokens.Token.length, 'token')}, all of which are usable`)]
    return absent.map(({ Name, State, Reason = '' }) =>
      error(
        `the token \`${Name}\` is not usable (${State})${Reason && `: ${Reason}`}`,
        State === 'PinRefused' ? 'correct its PIN' : 'run `strongroom hsm check` on the machine of the server',
      ),
    )
  },

  async keys(ask: Ask) {
    const { ok, warning } = findingsOf('keys')
    const due = await ask<{
      Keys: { Key: readonly { KeyId: string; Due: string; DueDate: string }[] }
      TotalCount: number
    }>('ListDueKeys', KMS, { WithinDays: String(WITHIN_DAYS), PageSize: String(SHOWN_KEYS) })
    const found = due.Keys.Key.map(({ KeyId, Due, DueDate }) =>
      Due === 'Deletion'
        ? warning(`${KeyId} is destroyed on ${DueDate}`, 'to keep it, run `strongroom kms CancelKeyDeletion`')
        : warning(`the material of ${KeyId} expires on ${DueDate}`, 'import it again with a later expiry'),
    )
    const more = due.TotalCount - found.length
    if (more > 0) found.push(warning(`${more} more keys are due`, 'see them with `strongroom kms ListDueKeys`'))
    return found.length > 0
      ? found
      : [ok(`no key of the region will be destroyed or expire within ${WITHIN_DAYS} days`)]
  },

  async policies(ask: Ask) {
    const { ok } = findingsOf('policies')
    let [marker, count]: [string | undefined, number] = [undefined, 0]
    const found: Finding[] = []
    for (let page = 0; page < PAGES; page++) {
      const listed: ListedPolicies = await ask<ListedPolicies>('ListPolicies', RAM, {
        PolicyType: 'Custom',
        MaxItems: String(POLICIES_AT_ONCE),
        ...(marker !== undefined && { Marker: marker }),
      })
      for (const { PolicyName } of listed.Policies.Policy) {
        const { DefaultPolicyVersion } = await ask<{ DefaultPolicyVersion: { PolicyDocument: string } }>(
          'GetPolicy',
          RAM,
          { PolicyName, PolicyType: 'Custom' },
        )
        found.push(...judged(PolicyName, DefaultPolicyVersion.PolicyDocument))
        count++
      }
      if (!listed.IsTruncated) break
      marker = listed.Marker
    }
    return found.length > 0
      ? found
      : [ok(`${counted(count, 'custom policy', 'custom policies')}, all of which can match`)]
  },
} satisfies Partial<Record<Check, (ask: Ask) => Promise<readonly Finding[]>>>

interface ListedPolicies {
  readonly Policies: { readonly Policy: readonly { readonly PolicyName: string }[] }
  readonly IsTruncated: boolean
  readonly Marker?: string
}

/** The parts of a policy that can never match, by the parser's rules and by the actions of operations. */
export function judged(name: string, document: string): readonly Finding[] {
  const { warning, error } = findingsOf('policies')
  const remedy = 'make a corrected version of it the default one'
  try {
    const { statements, flaws } = parsePolicy(document, 'identity')
    const needless = statements.flatMap(({ actions }) =>
      actions.flatMap((action) => (/[*?]/.test(action) ? [] : (unknownAction(action) ?? []))),
    )
    return [...flaws, ...needless].map((flaw) => warning(`in \`${name}\`: ${flaw}`, remedy))
  } catch (failure) {
    if (!(failure instanceof MalformedPolicy)) throw failure
    return [error(`\`${name}\` is invalid, so its principals have no permissions: ${failure.message}`, remedy)]
  }
}
