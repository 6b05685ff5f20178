// Texts that others wrote, shown as texts: whatever a description, tag, name, policy, user agent or address holds, no page runs it, loads
// from it, links to it, or lets it turn around what stands beside it.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { call } from '../../acceptance/program.ts'
import { seed, times } from '../../size.ts'
import { Browser } from '../browser.ts'
import { Desk } from './desk.ts'

const TEXTS = [
  `<img src=x onerror=alert(1)></script><script>alert(1)</script>"'><svg onload=alert(1)><a href="javascript:alert(1)">`,
  'javascript:document.title="broken"',
  'from \u202Ethgir ot\u200F left',
]
const REGION = '/cn-hangzhou'

describe('hostile texts', () => {
  let desk: Desk
  let page: Page
  const paths: string[] = []
  const asked: string[] = []
  before(async () => {
    desk = await Desk.open()
    const { program } = desk
    const must = async (action: string, parameters: Record<string, string>, Version = '2016-01-20') => {
      const given = { Version, ...parameters }
      const { status, body } = await call(program.endpoint, program.credentials, action, given, Date.now())
      assert.equal(status, 200, JSON.stringify(body))
      return body
    }
    const ram = (action: string, parameters: Record<string, string>) => must(action, parameters, '2015-05-01')
    const { accessKeyId, accessKeySecret, accountId } = program.credentials
    const browser = new Browser(program)
    assert.equal(await browser.outcome({ AccessKeyId: accessKeyId, AccessKeySecret: accessKeySecret }), 'OK')
    for (const [i, text] of TEXTS.entries()) {
      // Of tags and names the service takes few characters.
      const Tags = JSON.stringify([{ TagKey: `note-${i}`, TagValue: text.replace(/[^A-Za-z0-9/_.+=@:-]/g, '') }])
      const { KeyId } = (await must('CreateKey', { Description: text, Origin: 'EXTERNAL', Tags })).KeyMetadata
      const UserName = `user-${i}`
      const DisplayName = text.replace(/[^\p{L}\p{N}@._ -]/gu, '')
      await ram('CreateUser', { UserName, DisplayName, Comments: text })
      await ram('CreateGroup', { GroupName: `group-${i}`, Comments: text })
      await ram('AddUserToGroup', { UserName, GroupName: `group-${i}` })
      const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM: [`acs:ram::${accountId}:root`] } }
      const condition = { StringEquals: { 'kms:tag/note': [text] } }
      const document = (statement: object) => JSON.stringify({ Version: '1', Statement: [statement] })
      const RoleName = `role-${i}`
      await ram('CreateRole', { RoleName, Description: text, AssumeRolePolicyDocument: document(trust) })
      const may = { Effect: 'Allow', Action: 'kms:Encrypt', Resource: '*', Condition: condition }
      await ram('CreatePolicy', { PolicyName: `policy-${i}`, Description: text, PolicyDocument: document(may) })
      // What is refused is in the trail all the same.
      await browser.call('Kms/CreateAlias', { KeyId, AliasName: `alias/${text}` })
      await browser.call('Kms/DescribeKey', { KeyId: text })
      await browser.call('Actiontrail/CreateTrail', { Name: text, OssBucketName: text })
      const agent = { 'user-agent': text.replace(/[^ -~]/g, '') }
      await browser.ask('POST', '/console/api/Kms/ListKeys', {}, agent)
      const own = [
        ...['details', 'material', 'access', 'events'].map((tab) => `${REGION}/keys/${KeyId}/${tab}`),
        `${REGION}/keys/${KeyId}/import`,
        ...['details', 'groups'].map((tab) => `/ram/users/user-${i}/${tab}`),
        `/ram/groups/group-${i}/members`,
        ...['details', 'trust'].map((tab) => `/ram/roles/role-${i}/${tab}`),
        ...['document', 'versions'].map((tab) => `/ram/policies/Custom/policy-${i}/${tab}`),
        // Texts in addresses that somebody else made.
        `${REGION}/events?${new URLSearchParams({ User: text, EventName: text, range: text, result: text })}`,
        `${REGION}/keys?${new URLSearchParams({ q: text })}`,
        `${REGION}/keys?${new URLSearchParams({ tag: text, state: text })}`,
        `${REGION}/keys/${encodeURIComponent(text)}/details`,
        `/ram/users/${encodeURIComponent(text)}/details`,
        `/ram/simulator?principal=${encodeURIComponent(text)}&resource=${encodeURIComponent(text)}`,
      ]
      paths.push(...own.filter((_, n) => (n + i + seed) % TEXTS.length < times('hostile texts on each page')))
    }
    paths.push(
      ...['overview', 'keys', 'events', 'trails', 'hsm'].map((name) => `${REGION}/${name}`),
      ...['users', 'groups', 'roles', 'policies'].map((name) => `/ram/${name}`),
    )
    page = await desk.root()
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    page.on('dialog', (dialog) => {
      desk.faults.push(`${page.url()}: a dialog said ${dialog.message()}`)
      void dialog.dismiss()
    })
  })
  after(async () => desk[Symbol.asyncDispose]())

  /** What stands in the page that no text may bring in. */
  const foundIn = () =>
    page.evaluate(() => {
      const wrong = [
        ...document.querySelectorAll('img[src="x"], main script, main svg[onload], a[href^="javascript:" i]'),
      ].map((one) => one.outerHTML)
      if (document.title === 'broken') wrong.push('ran a text')
      // A text that turns the direction must do so in a box of its own.
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const around = node.parentElement
        if (!around || !/[\u202E\u200F]/.test(node.textContent ?? '') || around.closest('.cm-editor')) continue
        const { display, unicodeBidi } = getComputedStyle(around)
        const isApart = display !== 'inline' || /isolate|plaintext/.test(unicodeBidi)
        if (!isApart) wrong.push(`${around.outerHTML} turns what stands beside it`)
      }
      return wrong
    })

  it('stay texts on every page, and in every address', async () => {
    const wrong: string[] = []
    for (const path of paths) {
      asked.length = 0
      await desk.visit(page, path)
      for (const one of await foundIn()) wrong.push(`${path}: ${one}`)
      const own = new URL(page.url()).pathname
      const others = asked.filter((one) => one !== own && !/^\/console\/(assets|api|session)/.test(one))
      const opened = asked.filter((one) => one === own)
      if (others.length > 0 || opened.length > 1) wrong.push(`${path}: asked ${[...others, ...opened].join(' ')}`)
    }
    assert.deepEqual(wrong, [])
    assert.deepEqual(desk.takeFaults(), [])
  })

  it('stay texts in the details of events, in dialogs and in messages', async () => {
    const wrong: string[] = []
    const look = async (what: string) => {
      await desk.isComplete(page)
      for (const one of await foundIn()) wrong.push(`${what}: ${one}`)
    }
    for (const name of ['CreateAlias', 'DescribeKey', 'ListKeys', 'CreateKey', 'CreateUser']) {
      await desk.visit(page, `${REGION}/events`)
      for (const button of await page.getByRole('button', { name: `Event Detail of ${name}` }).all()) {
        await button.click()
        await page.getByRole('dialog').getByText('"eventName"').waitFor()
        await look(`event ${name}`)
        await page.keyboard.press('Escape')
        await page.getByRole('dialog').waitFor({ state: 'hidden' })
      }
    }
    for (const text of TEXTS) {
      await desk.visit(page, `${REGION}/cryptography/encrypt`)
      await page.getByLabel('Key', { exact: true }).fill(text)
      await page.getByLabel('Plaintext', { exact: true }).fill(text)
      await page.getByRole('main').getByRole('button', { name: 'Encrypt' }).click()
      await page.getByRole('alert').getByText('RequestId').waitFor()
      await look(`Encrypt ${text}`)
      await page.getByText('Calls of this page').click()
      await look(`the command of Encrypt ${text}`)
    }
    assert.deepEqual(wrong, [])
    assert.deepEqual(desk.takeFaults(), [])
  })
})
