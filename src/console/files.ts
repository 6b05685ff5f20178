// The built application. All its files are read at the first request for one. So no path of a request reaches the file system, and a start or
// a command reads none of them. `npm run console` builds it, and compresses them.
import { hash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ConsoleAnswer } from '../gateway/house.ts'
import { type HttpRequest, header, pathOf } from '../gateway/request.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { CODINGS, type Coding, codingFor } from './content-coding.ts'

const placed = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
/** What a package has is the build itself. */
const PACKAGED = placed('console/')

/** Where builds are, each in a folder named by what it was made of. The file `current` names the one to serve. */
export const BUILDS = existsSync(PACKAGED) ? PACKAGED : placed('node_modules/.cache/console/')

const ASSETS = '/console/assets/'
const NONCE = '__CSP_NONCE__'
const NONCE_BYTES = 16
/** The least time between two attempts to read the build, in milliseconds. */
const AGAIN_MS = 1000

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

interface Asset {
  readonly type: string
  readonly plain: Buffer
  /** What the build compressed. */
  readonly coded: ReadonlyMap<Coding, Buffer>
  readonly hash: string
}

interface Build {
  readonly html: string
  /** By path. */
  readonly assets: ReadonlyMap<string, Asset>
}

export class Files {
  readonly #builds: string | null
  #build: Promise<Build | null> | null = null
  /** When a failed read may be tried again, by the monotonic clock. */
  #againAt = Number.POSITIVE_INFINITY

  /** Serves the build in the folder; null, and a folder without one, show how to build it. */
  constructor(builds: string | null) {
    this.#builds = builds
  }

  /** Answers a request for a file or a page of the console. Rejects when the build can't be read. */
  async answer(
    request: HttpRequest,
    { randomBytes, monotonic }: Pick<Runtime, 'randomBytes' | 'monotonic'>,
  ): Promise<ConsoleAnswer> {
    const build = await this.#read(monotonic)
    const path = pathOf(request)
    const asset = build?.assets.get(path)
    if (asset) return file(asset, request)
    const last = path.slice(path.lastIndexOf('/') + 1)
    if (path.startsWith(ASSETS) || last.includes('.')) return page(404, NO_PAGE, BARE)
    if (!build) return page(200, NOT_BUILT, BARE)
    const nonce = randomBytes(NONCE_BYTES).toString('base64')
    return page(200, build.html.replaceAll(NONCE, nonce), policyWith(nonce))
  }

  /** The build, read once. A failed read is tried again at a later request; that there is no build is remembered. */
  #read(monotonic: Runtime['monotonic']): Promise<Build | null> {
    if (monotonic() >= this.#againAt) {
      this.#build = null
      this.#againAt = Number.POSITIVE_INFINITY
    }
    this.#build ??= buildIn(this.#builds).catch((error: unknown) => {
      this.#againAt = monotonic() + AGAIN_MS
      throw error
    })
    return this.#build
  }
}

async function buildIn(builds: string | null): Promise<Build | null> {
  const folder = builds && currentIn(builds)
  if (!folder) return null
  const names = new Set(await readdir(join(folder, 'assets')))
  const read = (name: string) => readFile(join(folder, 'assets', name))
  const assetOf = async (name: string, type: string): Promise<readonly [string, Asset]> => {
    const codings = (Object.entries(CODINGS) as [Coding, string][]).filter(([, ending]) => names.has(name + ending))
    const form = async ([coding, ending]: [Coding, string]) => [coding, await read(name + ending)] as const
    const [plain, ...coded] = await Promise.all([read(name), ...codings.map(form)])
    return [`${ASSETS}${name}`, { type, plain, coded: new Map(coded), hash: hash('sha256', plain, 'base64url') }]
  }
  const assets = [...names].flatMap((name) => {
    const type = TYPES[extname(name)]
    return type === undefined ? [] : [assetOf(name, type)]
  })
  return { html: await readFile(join(folder, 'index.html'), 'utf8'), assets: new Map(await Promise.all(assets)) }
}

/** The folder of the build that is served; null where there is none. */
function currentIn(builds: string): string | null {
  if (existsSync(join(builds, 'index.html'))) return builds
  const current = join(builds, 'current')
  if (!existsSync(current)) return null
  const folder = join(builds, readFileSync(current, 'utf8').trim())
  return existsSync(join(folder, 'index.html')) ? folder : null
}

function file({ type, plain, coded, hash: sum }: Asset, request: HttpRequest): ConsoleAnswer {
  const coding = codingFor(header(request, 'accept-encoding'), (one) => coded.has(one))
  // Each form has a tag of its own: what is the same byte for byte has the same one.
  const etag = `"${coding ? `${sum}-${coding}` : sum}"`
  const headers = {
    'content-type': type,
    ...(coding && { 'content-encoding': coding }),
    vary: 'accept-encoding',
    etag,
    'cache-control': 'public, max-age=31536000, immutable',
    'content-security-policy': "default-src 'none'",
    ...PROTECTION,
  }
  return header(request, 'if-none-match').includes(etag)
    ? { status: 304, headers, body: '' }
    : { status: 200, headers, body: (coding && coded.get(coding)) ?? plain }
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
