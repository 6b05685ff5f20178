// The events of log-ons (docs/reference/events.md, "Log-ons"): ConsoleSignin and ConsoleSignout, ConsoleAllow and ConsoleDeny of the command line,
// and the calls that a user makes of itself on the way: BindMFADevice and ChangePassword.
import type { Refusal } from '../api/errors.ts'
import type { CallOperation, House } from '../gateway/house.ts'
import { type HttpRequest, header, pathOf } from '../gateway/request.ts'
import { shortened, storedCall, storedCaller } from '../ledger/stored-call.ts'
import type { LogOnEvent, StoredLogOn } from '../ledger/stored-event.ts'
import type { PersonCaller } from '../ram/logged-on.ts'
import type { EventRow } from '../storage/storage.ts'

/** The facts of a request that events contain. */
export interface Where {
  readonly request: HttpRequest
  readonly requestId: string
  readonly now: number
}

/** A failed log-on: the error that the client gets, and the cause, which only the account's trail has. */
export interface Failed {
  readonly refusal: Refusal
  readonly cause: string
}

/** The event of a log-on, a log-off, or what a person said to a log-on. `account` is what was typed as the name, or the AccessKeyId. */
export function logOnEvent(
  name: LogOnEvent,
  { request, requestId, now }: Where,
  caller: PersonCaller,
  account: string,
  mfa: boolean,
  failed: Failed | null = null,
  unrecorded = 0,
): EventRow {
  const stored: StoredLogOn = [
    4,
    name,
    hostOf(request),
    request.sourceAddress,
    shortened(header(request, 'user-agent')),
    storedCaller({ ...caller, accessKeyId: '' }),
    shortened(account),
    pathOf(request),
    mfa ? 1 : 0,
    failed ? [failed.refusal.code, failed.cause] : 0,
  ]
  const body = JSON.stringify(unrecorded > 0 ? [...stored, { unrecorded }] : stored)
  return { eventId: requestId, account: caller.accountId, region: request.regions[0] ?? '', at: now, body }
}

/** The event of a call of RAM that a step of the log-on is. */
export function ownCallEvent(
  name: 'BindMFADevice' | 'ChangePassword',
  parameters: Readonly<Record<string, string>>,
  { request, requestId, now }: Where,
  caller: PersonCaller,
  { products, runtime }: House,
): EventRow {
  const found = products.find(({ product, operations }) => product.isGlobal && operations.has(name))
  const operation = found?.operations.get(name) as CallOperation
  const body = storedCall({
    product: operation.product.name,
    apiVersion: found?.version ?? '',
    operation: name,
    access: operation.access,
    trail: { show: operation.trail?.show ?? [], reply: [] },
    host: hostOf(request),
    sourceAddress: request.sourceAddress,
    userAgent: header(request, 'user-agent'),
    caller,
    account: caller.accountId,
    requestId,
    parameters: new Map(Object.entries(parameters)),
    isPiece: () => false,
    resources: [{ type: 'ACS::RAM::User', name: caller.userName, arn: '' }],
    reply: null,
    refusal: null,
  })
  return { eventId: runtime.newId(), account: caller.accountId, region: request.regions[0] ?? '', at: now, body }
}

function hostOf(request: HttpRequest): string {
  return header(request, 'host').replace(/:\d+$/, '').slice(0, 255)
}
