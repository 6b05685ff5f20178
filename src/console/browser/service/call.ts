// Calls the operations of the API with the session's cookie.
import { commandOf, noteCall } from './noted-calls.ts'

export type Product = 'Kms' | 'Ram' | 'Ims' | 'Sts' | 'Actiontrail'
export type Parameters = Readonly<Record<string, string | number | boolean | undefined>>

/** What the service refuses a request with. `status` 0: the service was not reached. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly status: number
  readonly code: string
  readonly requestId: string
  readonly recommend: string

  constructor(status: number, body: Readonly<Record<string, unknown>>) {
    super(String(body['Message'] ?? ''))
    this.status = status
    this.code = String(body['Code'] ?? status)
    this.requestId = String(body['RequestId'] ?? '')
    this.recommend = String(body['Recommend'] ?? '')
  }
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

/** Who wants to know that the service no longer takes the session. */
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
