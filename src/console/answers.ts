// The answers that pages get: JSON that no cache keeps, and refusals as the API has them.
import type { Refusal } from '../api/errors.ts'
import { type Answer, encodeRefusal } from '../gateway/encode.ts'
import type { ConsoleAnswer } from '../gateway/house.ts'
import { type HttpRequest, header } from '../gateway/request.ts'

/** The headers of what no cache keeps. */
export const NOT_KEPT = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
}

export function json(status: number, body: object, headers: ConsoleAnswer['headers'] = {}): ConsoleAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...NOT_KEPT, ...headers },
    body: JSON.stringify(body),
  }
}

/** The answer of an operation, as the browser gets it. */
export function inBrowser({ status, contentType, body, requestId }: Answer): ConsoleAnswer {
  return { status, headers: { 'content-type': contentType, 'x-acs-request-id': requestId, ...NOT_KEPT }, body }
}

export function refused(refusal: Refusal, request: HttpRequest, requestId: string): ConsoleAnswer {
  const asked = { host: header(request, 'host'), endpoint: request.endpoint }
  const answer = inBrowser(encodeRefusal(refusal, asked, requestId, 'JSON'))
  return refusal.entry === 'LogOn.Throttled'
    ? { ...answer, headers: { ...answer.headers, 'retry-after': '60' } }
    : answer
}
