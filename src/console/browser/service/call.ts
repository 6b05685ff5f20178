// Calls the operations of the API with the session's cookie.
import { commandOf, noteCall } from './noted-calls.ts'

export type Product = 'Kms' | 'Ram' | 'Ims' | 'Sts' | 'Actiontrail'
export type Parameters = Readonly<Record<string, string | number | boolean | undefined>>

/** The error with which the service refuses a request. `status` 0: the service could not be reached. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly status: number
  readonly code: string
  readonly requestId: string
  readonly recommend: string
  /** The action that policies do not allow; null: another reason. */
  readonly denial: Denial | null

  constructor(status: number, body: Readonly<Record<string, unknown>>) {
    super(String(body['Message'] ?? ''))
    this.status = status
    this.code = String(body['Code'] ?? status)
    this.requestId = String(body['RequestId'] ?? '')
    this.recommend = String(body['Recommend'] ?? '')
    this.denial = denialOf(body['AccessDeniedDetail'], this.message)
  }
}

export interface Denial {
  readonly action: string
  /** The resource of the action, if the message names it. */
  readonly resource: string | null
  readonly isExplicit: boolean
}

function denialOf(detail: unknown, message: string): Denial | null {
  const { AuthAction: action, NoPermissionType: type } = (detail ?? {}) as Readonly<Record<string, unknown>>
  if (typeof action !== 'string') return null
  const [resource = null] = /acs:\S+|(?<=Resource: |operation for )\*/.exec(message) ?? []
  return { action, resource, isExplicit: type === 'ExplicitDeny' }
}

/** Resolves with the JSON reply; rejects with a `Refusal`. */
export async function request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  let response: Response
  try {
    response = await fetch(`/console/${path}`, {
      method,
      credentials: 'same-origin',
      headers: { 'X-Strongroom-Console': '1', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Refusal(0, { Code: 'Unreachable' })
  }
  const reply = (await response.json().catch(() => ({}))) as Record<string, unknown>
  if (response.ok) return reply as T
  const refusal = new Refusal(response.status, reply)
  if (refusal.code === 'Session.None') for (const listener of sessionEnded) listener()
  throw refusal
}

/** Listeners for the end of the session. */
export const sessionEnded = new Set<() => void>()

/** Calls an operation in a region. Parameters that are undefined are left out. */
export async function call<T>(
  product: Product,
  operation: string,
  region: string,
  parameters: Parameters = {},
  signal?: AbortSignal,
): Promise<T> {
  const given = Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined))
  const began = performance.now()
  const line = commandOf(product, operation, region, given)
  const note = (status: number) => noteCall({ name: operation, line, status, ms: performance.now() - began })
  try {
    const path = `api/${product}/${operation}?region=${encodeURIComponent(region)}`
    const reply = await request<T>('POST', path, given, signal)
    note(200)
    return reply
  } catch (error) {
    if (error instanceof Refusal) note(error.status)
    throw error
  }
}
