// The built application: its files are read when the server starts, so that no path of a request reaches the file system. `npm run console`
// builds it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ConsoleAnswer } from '../gateway/house.ts'

/** Where builds are, each in a folder named by what it was made of. The file `current` names the one to serve. */
export const BUILDS = fileURLToPath(new URL('../../node_modules/.cache/console/', import.meta.url))

const ASSETS = '/console/assets/'
const NONCE = '__CSP_NONCE__'
const NONCE_BYTES = 16

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript;charset=utf-8',
  '.css': 'text/css;charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
}

const PROTECTION = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
}

export class Files {
  readonly #html: string | null
  readonly #assets = new Map<string, { readonly bytes: Buffer; readonly type: string }>()

  /** Reads the build in the folder; null, and a folder without one, show how to build it. */
  constructor(builds: string | null) {
    const current = builds === null ? '' : join(builds, 'current')
    if (builds === null || !existsSync(current)) {
      this.#html = null
      return
    }
    const folder = join(builds, readFileSync(current, 'utf8').trim())
    this.#html = readFileSync(join(folder, 'index.html'), 'utf8')
    for (const name of readdirSync(join(folder, 'assets'))) {
      const type = TYPES[extname(name)]
      if (type !== undefined)
        this.#assets.set(`${ASSETS}${name}`, { bytes: readFileSync(join(folder, 'assets', name)), type })
    }
  }

  /** The file or the page at a path of the console. */
  at(path: string, randomBytes: (length: number) => Uint8Array): ConsoleAnswer {
    const asset = this.#assets.get(path)
    if (asset) {
      const headers = {
        'content-type': asset.type,
        'cache-control': 'public, max-age=31536000, immutable',
        ...PROTECTION,
      }
      return {
        status: 200,
        headers: { ...headers, 'content-security-policy': "default-src 'none'" },
        body: asset.bytes,
      }
    }
    const last = path.slice(path.lastIndexOf('/') + 1)
    if (path.startsWith(ASSETS) || last.includes('.')) return page(404, NO_PAGE, BARE)
    if (this.#html === null) return page(200, NOT_BUILT, BARE)
    const nonce = Buffer.from(randomBytes(NONCE_BYTES)).toString('base64')
    return page(200, this.#html.replaceAll(NONCE, nonce), policyWith(nonce))
  }
}

const BARE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The application loads its own scripts only; Ant Design writes style elements, which bear the nonce. */
function policyWith(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function page(status: number, html: string, policy: string): ConsoleAnswer {
  const headers = {
    'content-type': 'text/html;charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': policy,
    ...PROTECTION,
  }
  return { status, headers, body: html }
}

const NO_PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Not found</title>
<p>There is no such page. <a href="/console">Console</a></p>
</html>
`

const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Strongroom</title>
<h1>Strongroom</h1>
<p>The service is running; its <a href="/docs/">documentation</a> is here. The console is not built: run <code>npm run console</code>
and start the server again. Until then use <code>bin/strongroom kms --help</code> or an official SDK.</p>
</html>
`
