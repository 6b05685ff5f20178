// A user who may look at everything and change nothing: on every page each button is off and names the action that is missing, or it is one
// of those that change nothing.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { call } from '../../acceptance/program.ts'
import { Desk, logOn } from './desk.ts'
import { everyPage } from './every-page.ts'

const PASSWORD = 'Correct-Horse-7'
const READ_ONLY = ['AliyunKMSReadOnlyAccess', 'AliyunRAMReadOnlyAccess', 'AliyunActionTrailReadOnlyAccess']
const MISSING = /Your policies do not allow (kms|ram|ims|actiontrail):[A-Za-z]+\./
/** Buttons that show, copy, search, ask, go elsewhere, or prepare a form. */
const HARMLESS =
  /^(Copy .+|Show public key of .+|Actions of .+|Event Detail of .+|Load more|Refresh|Query|search|Cancel|Ask|Add|Add (tag|pair|condition)|Remove tag \d|Expand row)$/
/** How often a page is looked at before a button that is on counts as wrong. */
const LOOKS = 100
/** Pages on which people decide about their own session, which takes no permission. */
const OWN_SESSION = ['command-line', 'device']

describe('a user who may only look', () => {
  let desk: Desk
  let page: Page
  let paths: Readonly<Record<string, string>>
  before(async () => {
    desk = await Desk.open()
    paths = await everyPage(desk)
    const { endpoint, credentials } = desk.program
    const must = async (action: string, parameters: Record<string, string>) => {
      const given = { Version: '2015-05-01', UserName: 'viewer', ...parameters }
      const { status, body } = await call(endpoint, credentials, action, given, Date.now())
      assert.equal(status, 200, JSON.stringify(body))
    }
    await must('CreateUser', {})
    await must('CreateLoginProfile', { Password: PASSWORD })
    for (const PolicyName of READ_ONLY) await must('AttachPolicyToUser', { PolicyType: 'System', PolicyName })
    await must('SetSecurityPreference', {
      AllowUserToChangePassword: 'false',
      AllowUserToManageAccessKeys: 'false',
      AllowUserToManageMFADevices: 'false',
    })
    // A version that could be made the default or deleted.
    await must('CreatePolicyVersion', {
      PolicyName: 'orders-encrypt',
      PolicyDocument: '{"Version":"1","Statement":[{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*"}]}',
    })
    page = await desk.page()
    await logOn(page, desk, 'viewer', PASSWORD)
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
  })
  after(async () => desk[Symbol.asyncDispose]())

  /** Why a button is off, as its tooltip says. */
  const reasonOf = async (button: Locator) => {
    if ((await button.getAttribute('aria-disabled')) !== 'true') return 'no reason'
    await button.focus()
    const tooltip = page.locator('[role=tooltip]:visible')
    const reason = (await tooltip.textContent()) ?? ''
    await button.blur()
    await tooltip.waitFor({ state: 'hidden' })
    return reason
  }

  /** Each button of the page that is seen: what it is called, and why it is off where it is. Asked at once, for there are many. */
  const buttonsOfPage = () =>
    page.evaluate(async () => {
      const isSeen = (element: Element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true })
      const tooltip = () => [...document.querySelectorAll('[role=tooltip]')].find(isSeen)
      const isSo = async (condition: () => boolean) => {
        for (const begin = Date.now(); !condition() && Date.now() - begin < 20_000; )
          await new Promise((drawn) => requestAnimationFrame(drawn))
      }
      const reasonOf = async (button: HTMLButtonElement) => {
        if (button.getAttribute('aria-disabled') !== 'true') return button.disabled ? 'no reason' : null
        button.focus()
        await isSo(() => tooltip() !== undefined)
        const reason = tooltip()?.textContent ?? 'no tooltip'
        button.blur()
        await isSo(() => tooltip() === undefined)
        return reason
      }
      const named = (element: Element | null | undefined) => element?.getAttribute('aria-label')
      const found = document.querySelectorAll<HTMLButtonElement>(
        'main button:not([role=switch]):not(.ant-pagination button)',
      )
      const buttons: { label: string; reason: string | null }[] = []
      for (const button of [...found].filter(isSeen)) {
        const label = named(button) || button.textContent.trim() || named(button.querySelector('[aria-label]')) || ''
        buttons.push({ label, reason: await reasonOf(button) })
      }
      return buttons
    })

  it('finds each button that changes something off, with the action that is missing', async () => {
    const missing = new Set<string>()
    const wrongOf = async (name: string) => {
      const wrong: string[] = []
      for (const { label, reason } of await buttonsOfPage()) {
        if (reason === null) {
          // Which key it will be is typed first: see below.
          const isHarmless =
            HARMLESS.test(label) || OWN_SESSION.includes(name) || (name === 'cryptography' && label === 'Encrypt')
          if (!isHarmless) wrong.push(`${name}: ${label} is on`)
        } else if (MISSING.test(reason)) missing.add(reason.match(MISSING)?.[0].split(' ').at(-1)?.slice(0, -1) ?? '')
        else wrong.push(`${name}: ${label} is off: ${reason}`)
      }
      return wrong
    }
    const wrong: string[] = []
    const all = { ...paths, security: '/ram/security' }
    for (const [name, path] of Object.entries(all)) {
      await desk.visit(page, path)
      // A part of the page that has just come offers everything until what policies allow is answered.
      let ofPage = await wrongOf(name)
      for (let look = 1; ofPage.length > 0 && look < LOOKS; look++) {
        await desk.isComplete(page)
        ofPage = await wrongOf(name)
      }
      wrong.push(...ofPage)
    }
    assert.deepEqual(wrong, [])
    for (const action of [
      'kms:CreateKey',
      'kms:ScheduleKeyDeletion',
      'kms:CreateAlias',
      'ram:DeleteUser',
      'ram:UpdateRole',
    ])
      assert.ok(missing.has(action), `${action} of ${[...missing].join(', ')}`)
    assert.deepEqual(desk.takeFaults(), [])
  })

  it('finds filters off that tell what one key denies, and the list is not asked for them', async () => {
    const [, keyId = ''] = /keys\/([^/]+)/.exec(paths['key-details'] ?? '') ?? []
    const { accountId } = desk.program.credentials
    const search = page.getByLabel('Find by key ID, alias or description')
    const tag = page.getByLabel('Tag, as key or key=value')
    const origin = page.getByRole('combobox', { name: 'Origin' })
    await desk.go(page, '/cn-hangzhou/keys?q=orders')
    await page.getByText('1 key', { exact: true }).waitFor()
    assert.equal(await search.getAttribute('aria-disabled'), null)
    const Deny = { Effect: 'Deny', Action: ['kms:DescribeKey', 'kms:ListResourceTags'] }
    const Statement = [{ ...Deny, Resource: `acs:kms:*:${accountId}:key/${keyId}` }]
    const PolicyDocument = JSON.stringify({ Version: '1', Statement })
    const { endpoint, credentials } = desk.program
    const ram = { Version: '2015-05-01', PolicyName: 'but-one' }
    assert.equal(
      (await call(endpoint, credentials, 'CreatePolicy', { ...ram, PolicyDocument }, Date.now())).status,
      200,
    )
    const attached = { ...ram, UserName: 'viewer', PolicyType: 'Custom' }
    assert.equal((await call(endpoint, credentials, 'AttachPolicyToUser', attached, Date.now())).status, 200)
    const asked: string[] = []
    page.on('request', (request) => {
      if (request.url().includes('/Kms/ListKeys')) asked.push(request.postData() ?? '')
    })
    await desk.go(page, '/cn-hangzhou/keys?q=orders&tag=Team&origin=EXTERNAL')
    // One of them is the service key that secrets without a key of their own have.
    await page.getByText('5 keys', { exact: true }).waitFor()
    assert.equal(asked.length, 1)
    for (const [field, action] of [
      [search, 'kms:DescribeKey'],
      [tag, 'kms:ListResourceTags'],
      [origin, 'kms:DescribeKey'],
    ] as const) {
      const denies = `A statement of your policies denies ${action} on acs:kms:cn-hangzhou:${accountId}:key/*.`
      assert.equal(await reasonOf(field), denies)
    }
    assert.equal(await search.inputValue(), '')
    await search.pressSequentially('orders')
    await origin.press('ArrowDown')
    await page.getByRole('combobox', { name: 'Protection Level' }).waitFor()
    assert.equal(await search.inputValue(), '')
    assert.deepEqual(
      asked.filter((body) => /Search|TagKey|Origin/.test(body)),
      [],
    )
    assert.deepEqual(desk.takeFaults(), [])
    assert.equal((await call(endpoint, credentials, 'DetachPolicyFromUser', attached, Date.now())).status, 200)
  })

  it('finds cryptography off as soon as the key is named, by alias or ID', async () => {
    const [, keyId = ''] = /keys\/([^/]+)/.exec(paths['key-details'] ?? '') ?? []
    for (const [tab, field, verb, action] of [
      ['encrypt', 'Key', 'Encrypt', 'kms:Encrypt'],
      ['data-key', 'Key', 'Generate', 'kms:GenerateDataKey'],
      ['re-encrypt', 'New key', 'Re-encrypt', 'kms:ReEncryptTo'],
    ] as const)
      for (const key of ['alias/orders', keyId]) {
        await desk.visit(page, `/cn-hangzhou/cryptography/${tab}`)
        const button = page.getByRole('main').getByRole('button', { name: verb })
        assert.ok(await button.isEnabled(), tab)
        await page.getByRole('combobox', { name: field }).fill(key)
        await page.locator('main button[aria-disabled=true]', { hasText: verb }).waitFor()
        assert.match(await reasonOf(button), new RegExp(`${action}\\..*key/${keyId}`, 's'))
      }
    assert.deepEqual(desk.takeFaults(), [])
  })
})
