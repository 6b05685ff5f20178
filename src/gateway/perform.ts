// Performs an admitted call: parses its parameters, locates its resources, authorizes, decides and commits. When a record that the call read has
// changed before the commit, the caller is authenticated again and the call is performed again.
import { because, Refusal, refuse, refuseDryRun } from '../api/errors.ts'
import { locate, locateReadable } from '../api/locate.ts'
import type { Reply, Resource } from '../api/operation.ts'
import { readValues } from '../api/parameters.ts'
import { dryRunKeystore } from '../keystore/dry-run.ts'
import { type Keystore, Unreachable } from '../keystore/keystore.ts'
import { destroyUncommitted, forgetDestroyed } from '../kms/destruction.ts'
import { andThen, type MaybePromise } from '../runtime/maybe-promise.ts'
import { TooManySearches } from '../storage/storage.ts'
import { admitsVerified } from './anonymous.ts'
import { asRefusal } from './as-refusal.ts'
import { eventOf, furtherEvents, type Progress } from './call-event.ts'
import type { CallContext, CallOperation, House } from './house.ts'
import { again, RETRY_MS } from './identify.ts'
import { accountOf, demandAccount } from './on-behalf.ts'
import type { Admission } from './rate-limit.ts'
import { ownerOf, recorded } from './refused-calls.ts'

/** Whether the account's rate limit allows the call. */
export function admissionOf(
  { operation, region, now, authenticated }: Progress,
  { settings, rateLimiter }: House,
): Admission | Promise<Admission> {
  const account = ownerOf(authenticated.caller)
  const rates = settings.accounts.get(account)?.rates ?? settings.rates
  return rateLimiter.admit(rates, { account, region }, operation, now)
}

/** Whether the rates of the claimant and of its account allow a call with a verified token. */
async function verifiedAdmitted(call: Progress, house: House): Promise<boolean> {
  if (!(await admitsVerified(call.authenticated.caller, house, call.now))) return false
  return (await admissionOf(call, house)) === 'admitted'
}

/** Performs an admitted call, and returns its reply. Throws its refusal. */
export async function perform(begun: Progress, house: House): Promise<Reply> {
  const { operation, parameters } = begun
  const { tracer } = house
  const { nonce } = begun.authenticated
  const dry = isDryRun(begun)
  let call = begun
  let verified = false
  for (const deadline = house.now() + RETRY_MS; house.now() <= deadline; call = await again(call, house)) {
    let resources: readonly Resource[] | null = null
    const { view } = call
    const owner = accountOf(call)
    const account = typeof owner === 'string' ? owner : await owner
    const context = contextOf(call, account, house, dry ? dryRunKeystore : house.keystore)
    try {
      const values = readValues(operation.parameters, parameters) as never
      if (operation.claimant) {
        await operation.claimant.verify(values, context)
        const { unverified, ...authenticated } = call.authenticated
        call = { ...call, authenticated }
        if (!verified && !(await verifiedAdmitted(call, house))) throw operation.product.throttled()
        verified = true
      }
      const located = locate(operation, values, context)
      resources = located instanceof Promise ? await located : located
      const authorized = authorize(operation, values, resources, context)
      if (authorized) await authorized
      demandAccount(call, account)
      const decision = operation.decide(values, context)
      const { changes, reply, created = [], ownWork } = decision instanceof Promise ? await decision : decision
      if (dry) throw refuse('DryRunOperationError')
      const named = created.length > 0 ? [...resources, ...created] : resources
      const event = eventOf(call, named, { reply })
      const others = furtherEvents(call, named, { reply }, house.runtime.newId)
      const own = ownWork?.map((body) => ({ ...context.scope, eventId: house.runtime.newId(), at: context.now, body }))
      const further = own ? [...(others ?? []), ...own] : others
      const { isAbandoned } = call.request
      const commit = house.ledger.commit({ changes, nonce, event, further, view, isAbandoned })
      const outcome = await (tracer ? tracer.committing(commit) : commit).catch((error: unknown) => {
        // With a replayed nonce, certainly nothing is stored. After another error, such as a lost connection to the database, it may be.
        if (error instanceof Refusal && error.code === 'SignatureNonceUsed') destroyUncommitted(changes, house.keystore)
        throw error
      })
      if (outcome !== 'committed') destroyUncommitted(changes, house.keystore)
      if (outcome === 'full') throw refuse(operation.quotaRefusal ?? 'Rejected.LimitExceeded')
      if (outcome === 'abandoned') throw refuse('ServiceUnavailableTemporary')
      if (outcome === 'moved') continue
      forgetDestroyed(changes, house)
      return reply
    } catch (error) {
      // Values of records read under former root keys may no longer open. Retry under the present ones.
      if (view.rootEpoch !== house.ledger.rootEpoch && !(error instanceof Refusal)) continue
      const isCrowded = error instanceof TooManySearches
      const cause = isCrowded
        ? because(operation.product.throttled(), error.message)
        : asRefusal(error, call.requestId, house)
      const refusal = dry ? refuseDryRun(cause) : cause
      if (refusal.code === 'SignatureNonceUsed') throw refusal
      // Without the database no event can be stored. Without a device it can.
      if (refusal.code === 'ServiceUnavailableTemporary' && !(error instanceof Unreachable)) throw refusal
      resources ??= await locateReadable(operation, parameters, context).catch((failure: unknown) => {
        house.failed(`request ${call.requestId}: the resources of its event could not be found`, failure)
        return []
      })
      const answered = await recorded(call, resources, refusal, house)
      if (answered === 'moved') continue
      throw answered
    }
  }
  throw refuse('ServiceUnavailableTemporary')
}

/** Whether the call is a dry run. */
function isDryRun({ operation, parameters }: Progress): boolean {
  return operation.parameters['DryRun'] !== undefined && parameters.get('DryRun')?.toLowerCase() === 'true'
}

/** Refuses unless policies allow the caller to perform the action on all resources. */
function authorize(
  operation: CallOperation,
  values: never,
  resources: readonly Resource[],
  { authorizer, caller, facts, ledger }: CallContext,
): MaybePromise<void> {
  const { action, otherActions, product, selfService } = operation
  if (action === null || caller.type === 'root-account') return
  const requestTags = operation.requestTags?.(values) ?? []
  const further = operation.requestKeys?.(values)
  const known = { ...facts, requestTags, ...(further && { further }) }
  const asked = { caller, action, otherActions, resources, selfService, ledger, facts: known }
  return andThen(authorizer.denial(asked), (denial) => {
    if (denial) throw product.denied(denial)
  })
}

function contextOf(
  { authenticated, region, now, request, view }: Progress,
  account: string,
  house: House,
  keystore: Keystore,
): CallContext {
  const { settings, runtime, authorizer, securityTokens, oidcTokens, mfaSeeds, heavyWork, accessKeys, lastUsed } = house
  const { eventIndex, pageTokens, deliveryTarget, hsmTokens, messageKeys, publicKeys, ring } = house
  const { caller } = authenticated
  const own = settings.accounts.get(account)
  return {
    caller,
    scope: { account, region },
    ofOperator: ring.record.body.firstAccount === caller.accountId,
    now,
    ledger: view,
    keystore,
    publicKeys,
    hsmTokens,
    messageKeys,
    settings: own ? { ...settings, ...own } : settings,
    quotas: settings.quotas,
    authorizer,
    securityTokens,
    oidcTokens,
    mfaSeeds,
    heavyWork,
    eventIndex,
    pageTokens,
    deliveryTarget,
    facts: { now, secureTransport: request.secure, sourceAddress: request.sourceAddress, requestTags: [] },
    newRecordId: runtime.newRecordId,
    randomBytes: runtime.randomBytes,
    sealAccessKeySecret: (id, secret) => accessKeys.seal(id, secret),
    accessKeyLastUsed: (id) => lastUsed.at(id),
  }
}
