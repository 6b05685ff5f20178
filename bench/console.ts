// The cost of the console: calls of programs beside open browsers, the time until a page shows, and the load of a search.
import { existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { buildConsole } from '../scripts/console.mjs'
import { BROWSER, launchBrowser } from '../test/console/browser/chromium.ts'
import { median } from './figures.ts'
import type { Job } from './load.ts'
import { loadWatched, type Server, startStrongroom } from './processes.ts'
import { fillTrail } from './trail.ts'

const BROWSERS = 10
/** The interval at which an open page reads its contents again. */
const EACH_MS = 5000
const OPENINGS = 5
const LONGER = 5
const EVENTS = 1_000_000
const OWN = { 'x-strongroom-console': '1', 'content-type': 'application/json' }

interface Run {
  readonly credentials: { readonly accountId: string; readonly accessKeyId: string; readonly accessKeySecret: string }
  readonly region: string
  readonly rounds: number
  /** A server's job that encrypts over 64 connections. */
  job(server: Server): Promise<Job>
  row(name: string, figures: string, budget?: string): void
}

/** A call that an open page makes. */
interface PageCall {
  readonly path: string
  readonly body: string
}

export async function consoleCosts(folder: string, run: Run): Promise<void> {
  const failure = buildConsole()
  if (failure !== null || !existsSync(BROWSER)) return run.row('no figures', failure ?? `${BROWSER} is missing`)
  const chrome = await launchBrowser()
  try {
    await besideBrowsers(`${folder}/console`, chrome, run)
    await searching(`${folder}/console-events`, chrome, run)
  } finally {
    await chrome.close()
  }
}

async function besideBrowsers(data: string, chrome: Browser, run: Run): Promise<void> {
  const server = await startStrongroom(data, run.credentials)
  const asked = await run.job(server)
  // Long enough for each browser to read its page several times.
  const job = { ...asked, requests: asked.requests * LONGER }
  const loggedOn = await logOn(server, chrome, run)
  const calls = await callsOf(server, loggedOn, [`${run.region}/overview`, `${run.region}/keys`])
  const state = await loggedOn.storageState()
  await loggedOn.close()
  await opening(server, chrome, undefined, 'Log on', run)
  await opening(server, chrome, state, 'Overview', run)
  const cookie = state.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  type Figures = Awaited<ReturnType<typeof loadWatched>>
  const rounds: { readonly without: Figures; readonly beside: Figures }[] = []
  // The first round warms up.
  for (let round = 0; round <= run.rounds; round++) {
    const without = await loadWatched(server, job)
    const stop = new AbortController()
    const polling = Array.from({ length: BROWSERS }, (_, i) => poll(server, cookie, calls, i, stop.signal))
    const beside = await loadWatched(server, job)
    stop.abort()
    await Promise.all(polling)
    if (round > 0) rounds.push({ without, beside })
  }
  await server.stop()
  const { without, beside } = median(rounds, (one) => one.beside.cpuUs / one.without.cpuUs)
  const figures = ({ perSecond, cpuUs }: Figures) => `${Math.round(perSecond)}/s, ${cpuUs.toFixed(1)} µs`
  const name = `Encrypt, 64 connections, beside ${BROWSERS} browsers of ${calls.length} calls each 5 s, CPU a call`
  run.row(name, `${figures(beside)}; alone ${figures(without)}: ${(beside.cpuUs / without.cpuUs).toFixed(3)} ×`)
}

/** Repeats the calls of open pages until the signal. The browsers begin one after the other. */
async function poll(server: Server, cookie: string, calls: readonly PageCall[], place: number, stop: AbortSignal) {
  const rest = (ms: number) => pause(ms, undefined, { signal: stop }).catch(() => {})
  await rest((place * EACH_MS) / BROWSERS)
  while (!stop.aborted) {
    for (const { path, body } of calls) {
      const answer = await fetch(`${server.endpoint}${path}`, { method: 'POST', headers: { ...OWN, cookie }, body })
      if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
      await answer.arrayBuffer()
    }
    await rest(EACH_MS)
  }
}

async function logOn(server: Server, chrome: Browser, { credentials }: Run): Promise<BrowserContext> {
  const context = await chrome.newContext({ locale: 'en-GB' })
  const { accessKeyId: AccessKeyId, accessKeySecret: AccessKeySecret } = credentials
  const data = { AccessKeyId, AccessKeySecret }
  const answer = await context.request.post(`${server.endpoint}/console/session`, { headers: OWN, data })
  if (!answer.ok()) throw new Error(await answer.text())
  return context
}

/** The calls of pages when a browser opens them. */
async function callsOf(
  server: Server,
  context: BrowserContext,
  paths: readonly string[],
): Promise<readonly PageCall[]> {
  const calls: PageCall[] = []
  for (const path of paths) {
    const page = await context.newPage()
    page.on('request', (request) => {
      const url = new URL(request.url())
      if (request.method() === 'POST') calls.push({ path: url.pathname + url.search, body: request.postData() ?? '{}' })
    })
    await opened(page, `${server.endpoint}/console/${path}`)
    await page.waitForLoadState('networkidle')
    await page.close()
  }
  return calls
}

/** Opens a page. Resolves with the milliseconds until its heading shows. */
async function opened(page: Page, address: string): Promise<number> {
  const begin = performance.now()
  await page.goto(address, { waitUntil: 'commit' })
  await page.getByRole('heading', { level: 1 }).waitFor()
  return performance.now() - begin
}

/** The time until a page shows in a browser with an empty cache. */
async function opening(
  server: Server,
  chrome: Browser,
  storageState: Awaited<ReturnType<BrowserContext['storageState']>> | undefined,
  name: string,
  { row }: Run,
): Promise<void> {
  const all: { readonly ms: number; readonly cpuMs: number; readonly script: number }[] = []
  for (let i = 0; i < OPENINGS; i++) {
    const context = await chrome.newContext({ locale: 'en-GB', ...(storageState && { storageState }) })
    const page = await context.newPage()
    const debug = await context.newCDPSession(page)
    await debug.send('Performance.enable')
    const ms = await opened(page, `${server.endpoint}/console`)
    const { metrics } = await debug.send('Performance.getMetrics')
    const cpuMs = 1000 * (metrics.find(({ name: metric }) => metric === 'ProcessTime')?.value ?? Number.NaN)
    const script = Number(
      await page.evaluate(
        `performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.js')).reduce((sum, one) => sum + one.encodedBodySize, 0)`,
      ),
    )
    all.push({ ms, cpuMs, script })
    await context.close()
  }
  const { ms, cpuMs, script } = median(all, (one) => one.ms)
  row(
    `${name}, cold cache, until the page is there`,
    `${Math.round(ms)} ms (${Math.round(cpuMs)} ms of CPU in the page's process), ${Math.round(script / 1000)} kB of script`,
    'budget ≤ 1 s',
  )
}

/** The bytes that the page of events loads to show one search's result. */
async function searching(data: string, chrome: Browser, run: Run): Promise<void> {
  await (await startStrongroom(data, run.credentials)).stop()
  const { keys } = await fillTrail(data, run.credentials.accountId, run.region, EVENTS)
  const server = await startStrongroom(data, run.credentials)
  const context = await logOn(server, chrome, run)
  const page = await context.newPage()
  const replies: Promise<Buffer>[] = []
  page.on('response', (response) => {
    if (response.url().includes('/LookupEvents')) replies.push(response.body())
  })
  const address = (key: string) => `${server.endpoint}/console/${run.region}/events?range=90d&ResourceName=${key}`
  // The first search loads the page itself.
  await opened(page, address(keys[0] ?? ''))
  await page.waitForLoadState('networkidle')
  replies.length = 0
  const rows = page.locator('main tbody tr.ant-table-row')
  const begin = performance.now()
  await opened(page, address(keys[1] ?? ''))
  await rows.first().waitFor()
  const ms = performance.now() - begin
  await page.waitForLoadState('networkidle')
  const bodies = await Promise.all(replies)
  const loaded = bodies.reduce((sum, body) => sum + JSON.parse(body.toString('utf8')).Events.length, 0)
  const shown = await rows.count()
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0)
  await context.close()
  await server.stop()
  run.row(
    `search for one key in ${EVENTS} events`,
    `${Math.round(ms)} ms, ${bodies.length} calls, ${Math.round(bytes / 1000)} kB, ${loaded} events for ${shown} rows`,
    'budget: no event that is not shown',
  )
  if (loaded > shown) throw new Error(`the page loaded ${loaded} events to show ${shown}`)
}
