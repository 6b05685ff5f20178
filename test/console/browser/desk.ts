// A browser before the real service: Debian's Chromium, which tests use by roles and labels as people do.
import assert from 'node:assert/strict'
import type { Browser, Locator, Page } from 'playwright-core'
import { buildConsole } from '../../../scripts/console.mjs'
import { type Program, type Start, startProgram } from '../../acceptance/program.ts'
import { times } from '../../size.ts'
import { until } from '../../until.ts'
import { launchBrowser } from './chromium.ts'

/** A busy machine takes its time. */
const PATIENCE_MS = 30_000
/** An address of no page. */
const NOWHERE = '/no/such/page'
/** Of so many visits, some load the page. */
const VISITS = 8

export interface Look {
  readonly language?: 'en' | 'zh'
  readonly theme?: 'light' | 'dark'
  readonly width?: number
  readonly height?: number
}

export class Desk implements AsyncDisposable {
  readonly program: Program
  readonly browser: Browser
  /** What a page must never do: break its policy, throw, ask another server. */
  readonly faults: string[] = []
  /** How many requests of each page have no answer yet. */
  readonly #unanswered = new Map<Page, number>()
  #visits = 0
  /** The languages in which somebody logged on by the page for it. */
  readonly #walked = new Set<Look['language']>()

  private constructor(program: Program, browser: Browser) {
    this.program = program
    this.browser = browser
  }

  static async open(start: Start = {}): Promise<Desk> {
    const failure = buildConsole()
    assert.equal(failure, null, 'the console is built')
    const program = await startProgram(start)
    const browser = await launchBrowser()
    return new Desk(program, browser)
  }

  get console(): string {
    return `${this.program.endpoint}/console`
  }

  /** A page of somebody who is not logged on. */
  async page({ language = 'en', theme = 'light', width = 1280, height = 900 }: Look = {}): Promise<Page> {
    const context = await this.browser.newContext({
      viewport: { width, height },
      locale: 'en-GB',
      reducedMotion: 'reduce',
      acceptDownloads: true,
    })
    await context.addInitScript({
      content: `localStorage.setItem('strongroom.language', '${language}'); localStorage.setItem('strongroom.theme', '${theme}')`,
    })
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    const page = await context.newPage()
    page.setDefaultTimeout(PATIENCE_MS)
    this.#watch(page)
    return page
  }

  #watch(page: Page): void {
    page.on('pageerror', (error) => this.faults.push(`${page.url()}: ${error}`))
    page.on('console', (message) => {
      const text = message.text()
      const isExpected = /Failed to load resource/.test(text)
      if (message.type() === 'error' && !isExpected) this.faults.push(`${page.url()}: ${text}`)
    })
    const count = (more: number) => () => this.#unanswered.set(page, (this.#unanswered.get(page) ?? 0) + more)
    page.on('request', count(1))
    page.on('requestfinished', count(-1))
    page.on('requestfailed', count(-1))
    page.on('request', (request) => {
      const url = request.url()
      if (!url.startsWith(`${this.program.endpoint}/`) && !/^(data|blob):/.test(url)) this.faults.push(`asked ${url}`)
    })
  }

  /** A page of the account itself. The first one in each language is logged on with the AccessKey pair as people do. */
  async root(look: Look = {}): Promise<Page> {
    const page = await this.page(look)
    const { language = 'en' } = look
    if (this.#walked.has(language)) {
      const { accessKeyId: AccessKeyId, accessKeySecret: AccessKeySecret } = this.program.credentials
      const data = { AccessKeyId, AccessKeySecret }
      const answer = await page.request.post(`${this.console}/session`, {
        headers: { 'X-Strongroom-Console': '1' },
        data,
      })
      assert.equal(answer.status(), 200)
      await this.go(page, '')
    } else await this.#walkToAccount(page, language)
    this.#walked.add(language)
    return page
  }

  async #walkToAccount(page: Page, language: Look['language']): Promise<void> {
    const { accessKeyId, accessKeySecret } = this.program.credentials
    await page.goto(this.console)
    await page.getByText('AccessKey', { exact: true }).click()
    await page.getByLabel('AccessKey ID').fill(accessKeyId)
    await page.getByLabel('AccessKey secret').or(page.getByLabel('AccessKey Secret')).fill(accessKeySecret)
    await page.getByRole('button', { name: language === 'zh' ? '登录' : 'Login' }).click()
    await page.getByRole('banner').waitFor()
    await page.getByRole('heading', { level: 1 }).waitFor()
  }

  /** Shows a page by its address, as a link does. */
  async go(page: Page, path: string): Promise<void> {
    await page.goto(`${this.console}${path}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
  }

  /**
   * Shows a page, and waits until it has all that it asks for. Most come as by a link of the application, which takes a quarter of what
   * loading costs; in full size all are loaded.
   */
  async visit(page: Page, path: string): Promise<void> {
    const isLoaded = path === NOWHERE || this.#visits++ % VISITS < times('pages loaded, of eight visits')
    const isNowhere = page.url() === `${this.console}${NOWHERE}`
    if (isLoaded) return this.load(page, path)
    for (const address of isNowhere ? [path] : [NOWHERE, path]) await this.#follow(page, address)
    await this.isComplete(page)
  }

  /** Loads a page, and waits until it has all that it asks for. */
  async load(page: Page, path: string): Promise<void> {
    await this.go(page, path)
    await this.isComplete(page)
  }

  /** Goes where a link would lead, away from a page that is another one. */
  async #follow(page: Page, path: string): Promise<void> {
    const heading = page.getByRole('heading', { level: 1 })
    const former = await heading.elementHandle()
    await page.evaluate((address) => {
      history.pushState(null, '', address)
      dispatchEvent(new PopStateEvent('popstate'))
    }, `/console${path}`)
    await page.waitForFunction((element) => !element?.isConnected, former)
    await heading.waitFor()
  }

  /** Nothing is asked, and what was answered is shown and has led to no other question. */
  async isComplete(page: Page): Promise<void> {
    const isQuiet = () => (this.#unanswered.get(page) ?? 0) === 0
    await until(async () => {
      if (!isQuiet()) return false
      await page.evaluate(() => new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown))))
      return isQuiet() && (await page.locator('main[aria-busy=false]').count()) === 1
    })
  }

  /** What pages did wrong since the last time this was asked. */
  takeFaults(): readonly string[] {
    return this.faults.splice(0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close()
    await this.program.stop()
  }
}

/** The name and the password of a user, on the two pages that ask for them; they lead to the page at the path. */
export async function logOn(page: Page, desk: Desk, name: string, password: string, path = ''): Promise<void> {
  await page.goto(`${desk.console}${path}`)
  await page.getByLabel('Logon name').fill(`${name}@${desk.program.credentials.accountId}`)
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Login' }).click()
}

/** Chooses an option of a select, which stands beside it in the page. */
export async function choose(page: Page, label: string, option: string): Promise<void> {
  await page.getByLabel(label, { exact: true }).click()
  await page
    .locator('.ant-select-dropdown:visible')
    .locator('.ant-select-item-option-content')
    .getByText(option, { exact: true })
    .click()
}

/** Clicks a button that copies, and returns what it copied. The clipboard is written after the click, and may hold an earlier text until then. */
export async function copied(page: Page, button: Locator): Promise<string> {
  await page.evaluate(() => navigator.clipboard.writeText(''))
  await button.click()
  const text = await page.waitForFunction(async () => (await navigator.clipboard.readText()) || null)
  return String(await text.jsonValue())
}
