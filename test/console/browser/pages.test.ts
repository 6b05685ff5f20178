// What holds for every page: the policy of the page is kept, axe finds nothing serious, it fits a phone, hostile texts stay texts.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { makeToken, type TestToken } from '../../keystore/pkcs11/tokens.ts'
import { seed, times } from '../../size.ts'
import { Desk, type Look } from './desk.ts'
import { everyPage } from './every-page.ts'

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')
const FIRST_PAGE_BYTES = 350_000
const CLASSES = /\.(ant-[\w-]+)/g
/** The classes that Ant Design styles, used here or not. */
const STYLED = classesIn(readFileSync(fileURLToPath(import.meta.resolve('antd/dist/antd.css')), 'utf8'))

interface Violation {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string }[]
}

/** What axe finds serious. Its code is put in by the debugger, since the page's policy allows none but the application's. */
async function seriousIn(page: Page): Promise<readonly string[]> {
  const debug = await page.context().newCDPSession(page)
  const isThere = await debug.send('Runtime.evaluate', { expression: `'axe' in window` })
  if (!isThere.result.value) await debug.send('Runtime.evaluate', { expression: AXE })
  const { result } = await debug.send('Runtime.evaluate', {
    expression: `axe.run(document, { resultTypes: ['violations'] }).then((found) => JSON.stringify(found.violations))`,
    awaitPromise: true,
  })
  await debug.detach()
  const found = JSON.parse(String(result.value)) as readonly Violation[]
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
}

function classesIn(css: string): ReadonlySet<string> {
  return new Set([...css.matchAll(CLASSES)].map(([, name = '']) => name))
}

describe('every page of the console', () => {
  let token: TestToken
  let desk: Desk
  let paths: Readonly<Record<string, string>>
  before(async () => {
    token = makeToken('SoftHSM2')
    desk = await Desk.open({ flags: token.flags, env: token.env })
    paths = await everyPage(desk)
  })
  after(async () => {
    await desk[Symbol.asyncDispose]()
    token[Symbol.dispose]()
  })

  const looks: readonly (Look & { readonly name: string })[] = [
    { name: 'in English, light', language: 'en', theme: 'light' },
    { name: 'in Chinese, dark, on a phone', language: 'zh', theme: 'dark', width: 390, height: 844 },
  ]
  for (const [i, { name, ...look }] of looks.entries())
    it(`is accessible, keeps its policy and fits, ${name}`, async () => {
      const page = await desk.root(look)
      const wrong: string[] = []
      const address = await page.locator('link[rel=stylesheet]').getAttribute('href')
      const kept = classesIn(await (await page.request.get(new URL(address ?? '', desk.console).href)).text())
      const shown = Object.entries(paths).filter((_, n) => (n + i + seed) % looks.length < times('looks of each page'))
      for (const [path, to] of shown) {
        await desk.visit(page, to)
        for (const one of await seriousIn(page)) wrong.push(`${path}: ${one}`)
        const isWide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
        if (isWide) wrong.push(`${path}: is wider than the window`)
        const classes = await page.evaluate(() =>
          [...document.querySelectorAll('[class*=ant-]')].flatMap((element) => [...element.classList]),
        )
        for (const one of new Set(classes))
          if (STYLED.has(one) && !kept.has(one)) wrong.push(`${path}: no style of ${one}`)
        const hidesColumns = await page
          .locator('.ant-table-content')
          .evaluateAll((tables) => tables.some(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth))
        if (hidesColumns) wrong.push(`${path}: has a table that is cut`)
        if ((await page.title()) === 'broken') wrong.push(`${path}: ran a text`)
        if ((await page.locator('img[src="x"]').count()) > 0) wrong.push(`${path}: took a text for markup`)
      }
      assert.deepEqual(wrong, [])
      assert.deepEqual(desk.takeFaults(), [])
      await page.context().close()
    })

  it('opens dialogs and panels that are as accessible', async () => {
    const page = await desk.root()
    const wrong: string[] = []
    const opened = async (path: string, button: string | RegExp, role: 'dialog' | 'menu' = 'dialog') => {
      await desk.visit(page, path)
      await page.getByRole('button', { name: button }).first().click()
      await page.getByRole(role).first().waitFor()
      await desk.isComplete(page)
      for (const one of await seriousIn(page)) wrong.push(`${button}: ${one}`)
    }
    const key = paths['key-details'] ?? ''
    await opened(key, 'Schedule Key Deletion')
    await opened(key, 'Create Alias')
    await opened('/ram/users', 'Create User')
    await opened('/ram/users/anna/authentication', 'Enable Console Logon')
    await opened('/ram/users/anna/authentication', 'Enable the Virtual MFA Device')
    await opened('/ram/users/anna/accesskeys', 'Create AccessKey')
    await opened('/cn-hangzhou/events', /^Event Detail of/)
    await opened('/cn-hangzhou/keys', /^Account: /, 'menu')
    assert.deepEqual(wrong, [])
    assert.deepEqual(desk.takeFaults(), [])
    await page.context().close()
  })

  it('keeps what was typed when the Chinese texts of its parts come late', async () => {
    const page = await desk.page({ language: 'zh' })
    const late = Promise.withResolvers<void>()
    await page.route(/antd-chinese/, async (route) => {
      await late.promise
      await route.continue()
    })
    await page.goto(desk.console)
    await page.getByText('AccessKey', { exact: true }).click()
    await page.getByLabel('AccessKey ID').fill('LTAI')
    const came = page.waitForResponse(/antd-chinese/)
    late.resolve()
    await came
    await page.waitForLoadState('networkidle')
    assert.equal(await page.getByLabel('AccessKey ID').inputValue(), 'LTAI')
    await page.context().close()
  })

  it('stores nothing in the browser but how it looks', async () => {
    const page = await desk.root()
    const stored = await page.evaluate(() => [
      Object.keys(localStorage).toSorted(),
      Object.keys(sessionStorage),
      document.cookie,
    ])
    assert.deepEqual(stored, [['strongroom.language', 'strongroom.theme'], [], ''])
    await page.context().close()
  })

  it('says what to do where the browser can’t load it, in the reader’s language, and is loaded again', async () => {
    for (const [language, title, button, heading] of [
      ['en', 'The console was not loaded', 'Load again', 'Log on to Strongroom'],
      ['zh', '控制台未能加载', '重新加载', '登录 Strongroom'],
    ] as const) {
      const page = await desk.page({ language })
      await page.route(/\/application-[^/]+\.js$/, (route) => route.abort())
      await page.goto(desk.console)
      await page.getByRole('alert').getByRole('heading', { name: title }).waitFor()
      await page.unrouteAll({ behavior: 'wait' })
      await page.getByRole('button', { name: button }).click()
      await page.getByRole('heading', { name: heading }).waitFor()
      await page.context().close()
    }
    assert.match(desk.takeFaults().join(), /Failed to fetch dynamically imported module/)
  })

  it('shows an error in its frame if a page can’t be loaded', async () => {
    const page = await desk.root()
    await page.route(/\/trails-[^/]+\.js$/, (route) => route.abort())
    await desk.go(page, '/cn-hangzhou/keys')
    await page.getByRole('link', { name: 'Trails' }).first().click()
    const main = page.getByRole('main')
    await main.getByText('An error occurred in this page. Load it again.').waitFor()
    await page.getByRole('link', { name: 'Keys', exact: true }).first().click()
    await page.getByRole('heading', { level: 1, name: 'Keys' }).waitFor()
    await page.goBack()
    await page.unrouteAll({ behavior: 'wait' })
    await main.getByRole('button', { name: 'Load again' }).click()
    await page.getByRole('heading', { level: 1, name: 'Trails' }).waitFor()
    await page.context().close()
    assert.match(desk.takeFaults().join(), /Failed to fetch dynamically imported module/)
  })

  it('shows a page that failed again at the next address, also that of the same page', async () => {
    const { KeyId } = (await desk.program.call('CreateKey')).body.KeyMetadata
    const page = await desk.root()
    await desk.go(page, `/cn-hangzhou/keys/${KeyId}/details`)
    const main = page.getByRole('main')
    await main.getByRole('heading', { level: 1 }).waitFor()
    await page.route('**/Kms/ListKeyVersions*', (route) => route.fulfill({ json: { RequestId: 'none' } }))
    await main.getByRole('link', { name: 'Versions and rotation' }).click()
    await main.getByText('An error occurred in this page. Load it again.').waitFor()
    await page.goBack()
    await main.getByRole('heading', { level: 1 }).waitFor()
    await page.unrouteAll({ behavior: 'wait' })
    await page.context().close()
    assert.match(desk.takeFaults().join(), /TypeError/)
  })

  it('comes with at most 350 kB of compressed script before the first page', async () => {
    const page = await desk.page()
    const codings = new Set<string | undefined>()
    page.on('response', (response) => {
      if (response.url().endsWith('.js')) codings.add(response.headers()['content-encoding'])
    })
    await page.goto(desk.console)
    await page.getByRole('heading', { name: 'Log on to Strongroom' }).waitFor()
    const loaded = (ending: string) =>
      page.evaluate(
        (end) =>
          (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
            .filter(({ name }) => name.endsWith(end))
            .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
        ending,
      )
    const total = await loaded('.js')
    assert.ok(total > 0 && total <= FIRST_PAGE_BYTES, `${total} bytes`)
    assert.deepEqual([...codings], ['br'])
    await page.context().close()
  })

  it('shows Overview without the scripts of tables and forms', async () => {
    const page = await desk.root()
    const scripts: string[] = []
    page.on('request', (request) => scripts.push(request.url()))
    await page.goto(desk.console)
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    await page.waitForLoadState('networkidle')
    assert.ok(scripts.some((url) => /\/overview-[^/]+\.js$/.test(url)))
    assert.deepEqual(
      scripts.filter((url) => /\/(table|date-picker|parameter-field|code-editor)-[^/]+\.js$/.test(url)),
      [],
    )
    await page.context().close()
  })

  it('follows its address at once, so that nobody uses what it showed before', async () => {
    const page = await desk.root()
    await desk.go(page, '/cn-hangzhou/overview')
    await page.getByRole('link', { name: 'Keys', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'Keys' }).waitFor()
    const shown = await page.getByRole('link', { name: 'Overview' }).evaluate(async (link: HTMLElement) => {
      link.click()
      // React renders what a click changes in the microtask after it.
      await Promise.resolve()
      return document.querySelector('h1')?.textContent
    })
    assert.equal(shown, 'Overview')
    await page.context().close()
  })

  it('is used by the keyboard alone, from the first Tab', async () => {
    const page = await desk.root()
    await desk.go(page, '/cn-hangzhou/keys')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    const focused = await page.evaluate(() => document.activeElement?.id)
    assert.equal(focused, 'content')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Create Key' }).waitFor()
    await desk.go(page, '/cn-hangzhou/keys')
    await page.getByRole('button', { name: 'Actions of orders' }).press('Enter')
    await page.getByRole('menuitem').and(page.locator(':focus')).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'Schedule Key Deletion' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'orders' }).press('Enter')
    await page.getByRole('button', { name: 'Add tag' }).press('Enter')
    await page.getByLabel('Tag key').pressSequentially('Team')
    await page.keyboard.press('Tab')
    await page.keyboard.type('Blue')
    await page.keyboard.press('Enter')
    await page.getByText('Team = Blue').waitFor()
    await page.context().close()
  })

  it('changes language and theme at once, and remembers both', async () => {
    const page = await desk.browser.newPage({ locale: 'en-GB', colorScheme: 'light' })
    await page.goto(desk.console)
    await page.getByText('the pair that the service printed at its first start').waitFor()
    await page.getByRole('button', { name: '中文' }).click()
    await page.getByRole('heading', { name: '登录 Strongroom' }).waitFor()
    await page.getByRole('button', { name: '深色' }).click()
    await page.reload()
    await page.getByRole('heading', { name: '登录 Strongroom' }).waitFor()
    assert.deepEqual(
      await page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset['theme']]),
      ['zh-CN', 'dark'],
    )
    await page.close()
  })
})
