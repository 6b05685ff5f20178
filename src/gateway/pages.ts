// What the server's port shows in a browser: the documentation, and what stands for the console.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { DOCS_PATH, type Documentation } from './documentation.ts'

/** Whether a page is asked for, and not a call. */
export function isPage({ method, url }: IncomingMessage): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  return url === '/console' || url === '/docs' || url?.startsWith(DOCS_PATH) === true
}

/** Sends the page that is asked for; never rejects. */
export async function servePage(
  request: IncomingMessage,
  response: ServerResponse,
  documentation: Documentation,
  failed: (message: string, error: unknown) => void,
): Promise<void> {
  const [path = ''] = request.url?.split('?', 1) ?? []
  if (path === '/console') return send(response, 200, CONSOLE_PAGE)
  if (path === '/docs') return send(response, 308, '', { location: DOCS_PATH })
  try {
    const page = await documentation.page(path)
    if (!page) return send(response, 404, NO_PAGE)
    const { html, etag, policy } = page
    const isKnown = request.headers['if-none-match']?.includes(etag) === true
    const headers = { etag, 'cache-control': 'no-cache', 'content-security-policy': policy }
    send(response, isKnown ? 304 : 200, isKnown ? '' : html, headers)
  } catch (error) {
    failed(`the page ${path} can't be read`, error)
    send(response, 500, '')
  }
}

function send(
  response: ServerResponse,
  status: number,
  html: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(status, {
    'content-type': 'text/html;charset=utf-8',
    'content-length': Buffer.byteLength(html),
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    ...headers,
  })
  response.end(html)
}

const NO_PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Not found</title>
<p>There is no such page. <a href="${DOCS_PATH}">All pages</a></p>
</html>
`

const CONSOLE_PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Strongroom</title>
<h1>Strongroom</h1>
<p>The service is running; its <a href="${DOCS_PATH}">documentation</a> is here. This version has no web console: use
<code>bin/strongroom kms --help</code> or an official SDK.</p>
</html>
`
