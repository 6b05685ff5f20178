// Refusals: the errors of calls, with codes from the catalogue (errors/catalogue.ts). The type of the details requires a text for each slot of
// code and message, so a message with an empty slot does not compile.
import { type Code, catalogue, type Details } from './errors/catalogue.ts'

/** Why policies deny a call, as its event shows it (docs/reference/events.md). `by` names the statement of an explicit deny. */
export interface Denial {
  readonly action: string
  readonly resource: string
  /** What the call named instead of the resource: see Resource.asked. */
  readonly asked?: string | undefined
  readonly type: 'ExplicitDeny' | 'ImplicitDeny'
  readonly principal: { readonly type: string; readonly name: string; readonly account: string }
  /** The account that the policies belong to. */
  readonly account: string
  readonly policyType: 'IdentityBased' | 'SessionPolicy' | 'TrustPolicy'
  readonly by: {
    readonly policyName: string
    readonly policyVersion: string
    readonly statementIndex: number
  } | null
}

/** The part of a denial that an account may see. About another account's policies, it learns only that they do not allow the call. */
export function denialSeenBy(account: string, denial: Denial): Denial {
  return account === denial.account ? denial : { ...denial, type: 'ImplicitDeny', by: null }
}

/** A call refused with a code of the catalogue. No other error's text reaches a client. */
export class Refusal extends Error {
  /** The code as the client receives it, with its slot filled. */
  readonly code: string
  /** The key in the catalogue. */
  readonly entry: Code
  readonly status: number
  readonly denial: Denial | null
  /** The page and heading of the documentation that explains it. */
  readonly page: string
  constructor(entry: Code, code: string, message: string, denial: Denial | null, page = pageOf(entry)) {
    super(message)
    this.entry = entry
    this.code = code
    this.status = catalogue[entry].status
    this.denial = denial
    this.page = page
  }
}

function pageOf(entry: Code): string {
  return `errors#${entry.toLowerCase().replace(/[.{}]/g, '')}`
}

/** Returns the refusal for `code`, for the caller to throw. INVARIANT: details never contain the value of a secret parameter. */
export function refuse<C extends Code>(code: C, ...details: Details<C>): Refusal {
  return filled(code, details[0] ?? {}, null)
}

/** Returns the refusal of a call that policies do not allow. AccessDeniedDetail and the event show the denial. */
export function refuseFor<C extends Code>(denial: Denial, code: C, ...details: Details<C>): Refusal {
  return filled(code, details[0] ?? {}, denial)
}

/** Returns the refusal of an operation that the service does not have. `page` is the documentation of an alternative, if there is one. */
export function refuseOperation(page: string | undefined): Refusal {
  const { entry, code, message } = refuse('InvalidAction.NotFound')
  return new Refusal(entry, code, message, null, page)
}

/** Returns the refusal of AssumeRole for a role that does not exist: RAM's code with STS's own message. */
export function refuseMissingRole(message = 'The specified Role not exists.'): Refusal {
  return new Refusal('EntityNotExist.Role', 'EntityNotExist.Role', message, null)
}

/** Returns the refusal of a dry run whose real call would get `refusal`. A refusal that the call did not cause is returned unchanged. */
export function refuseDryRun(refusal: Refusal): Refusal {
  const { entry, code, message, denial, status } = refusal
  if (denial) return filled('AccessDeniedError', { reason: message }, denial)
  const isFault = entry !== 'DryRunOperationError' && status < 500 && entry !== 'SignatureNonceUsed'
  return isFault ? filled('ValidationError', { code, reason: message }, null) : refusal
}

/** Returns the refusal with the reason added to its message. INVARIANT: the reason contains nothing that a caller sent. */
export function because({ entry, code, message, denial }: Refusal, reason: string): Refusal {
  return new Refusal(entry, code, `${message.replace(/\.$/, '')}: ${reason}`, denial)
}

function filled(code: Code, slots: Readonly<Record<string, string>>, denial: Denial | null): Refusal {
  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (_, slot: string) => slots[slot] ?? '')
  return new Refusal(code, fill(code), fill(catalogue[code].message), denial)
}
