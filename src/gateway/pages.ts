// Serves the documentation and the console to browsers.
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { DOCS_PATH, type Documentation } from './documentation.ts'
import type { ConsoleAnswer, House } from './house.ts'
import { type HttpRequest, pathOf } from './request.ts'

/** Returns the path of the requested page, without a query; null for a call. */
export function pagePath({ method, url = '' }: IncomingMessage): string | null {
  if (method !== 'GET' && method !== 'HEAD') return null
  const query = url.indexOf('?')
  const path = query < 0 ? url : url.slice(0, query)
  return path === '/docs' || path.startsWith(DOCS_PATH) ? path : null
}

/** Sends the page at a path of `pagePath`; never rejects. */
export async function servePage(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  documentation: Documentation,
  failed: (message: string, error: unknown) => void,
): Promise<void> {
  if (path === '/docs') return send(response, 308, '', { location: DOCS_PATH })
  try {
    const page = await documentation.page(path)
    if (!page) return send(response, 404, NO_PAGE)
    const { html, etag, policy } = page
    const headers = { etag, 'cache-control': 'no-cache', 'content-security-policy': policy }
    if (request.headers['if-none-match']?.includes(etag)) return sendUnchanged(response, headers)
    send(response, 200, html, headers)
  } catch (error) {
    failed(`the page ${path} can't be read`, error)
    send(response, 500, '')
  }
}

/** Whether the request is for the console. Cookies of other requests are ignored. */
export function isForConsole(request: HttpRequest): boolean {
  const path = pathOf(request)
  return path === '/console' || path.startsWith('/console/')
}

/** Sends the console's answer to a request of `isForConsole`; never rejects. */
export async function serveConsole(
  request: HttpRequest,
  response: ServerResponse,
  house: House,
  recognize: () => void,
): Promise<void> {
  try {
    sendConsole(response, await house.console.answer(request, house, recognize))
  } catch (error) {
    house.failed("the console can't answer", error)
    send(response, 500, '')
  }
}

function sendConsole(response: ServerResponse, { status, headers, body }: ConsoleAnswer): void {
  if (response.destroyed || response.headersSent) return
  // In a 304, Content-Length would be the length of the page.
  const length = status === 304 ? {} : { 'content-length': Buffer.byteLength(body) }
  response.writeHead(status, { ...length, ...headers } as OutgoingHttpHeaders)
  response.end(body)
}

type Headers = Readonly<Record<string, string>>

const PROTECTION: Headers = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

function send(response: ServerResponse, status: number, html: string | Buffer, headers: Headers = {}): void {
  if (response.destroyed || response.headersSent) return
  const content = { 'content-type': 'text/html;charset=utf-8', 'content-length': Buffer.byteLength(html) }
  response.writeHead(status, { ...content, ...PROTECTION, ...headers })
  response.end(html)
}

/** Sends a 304 without Content-Length, which would be the length of the page (RFC 9110 sections 8.6 and 15.4.5). */
function sendUnchanged(response: ServerResponse, headers: Headers): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(304, { ...PROTECTION, ...headers })
  response.end()
}

const NO_PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Not found</title>
<p>There is no such page. <a href="${DOCS_PATH}">All pages</a></p>
</html>
`
