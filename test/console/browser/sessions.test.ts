// Log-ons and their ends, as people see them: a password that must be changed, and sessions that end elsewhere while a page is open.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { runProgram, temporaryFolder } from '../../acceptance/program.ts'
import { until } from '../../until.ts'
import { Desk, logOn } from './desk.ts'

const RAM = { Version: '2015-05-01' }
const FIRST = 'Correct-Horse-7'
const SECOND = 'Another-Horse-8'
const PLACE = '/cn-hangzhou/events'
const OVER = 'Your session is over. Log on to continue on this page.'

describe('a session in the browser', () => {
  let desk: Desk
  let page: Page
  before(async () => {
    desk = await Desk.open()
  })
  after(async () => desk[Symbol.asyncDispose]())
  beforeEach(async () => {
    page = await desk.page()
  })
  afterEach(async () => {
    await page.context().close()
    assert.deepEqual(desk.takeFaults(), [])
  })

  const ram = async (action: string, parameters: Record<string, string>) => {
    const { status, body } = await desk.program.call(action, { ...RAM, ...parameters })
    assert.equal(status, 200, JSON.stringify(body))
  }
  const person = async (name: string, profile: Record<string, string> = {}) => {
    await ram('CreateUser', { UserName: name })
    await ram('CreateLoginProfile', { UserName: name, Password: FIRST, ...profile })
    for (const PolicyName of ['AliyunKMSReadOnlyAccess', 'AliyunActionTrailReadOnlyAccess'])
      await ram('AttachPolicyToUser', { UserName: name, PolicyType: 'System', PolicyName })
  }
  const entered = (at: Page = page) => at.getByRole('heading', { name: 'Overview' }).waitFor()
  const isOver = async (at: Page = page) => {
    await at.getByRole('heading', { name: 'Log on to Strongroom' }).waitFor()
    await at.getByRole('status').getByText(OVER).waitFor()
    assert.equal(await at.getByRole('navigation').count(), 0)
  }
  /** At the page that is open, without going anywhere. */
  const again = async (name: string, password: string, at: Page = page) => {
    await at.getByLabel('Logon name').fill(`${name}@${desk.program.credentials.accountId}`)
    await at.getByRole('button', { name: 'Next' }).click()
    await at.getByLabel('Password', { exact: true }).fill(password)
    await at.getByRole('button', { name: 'Login' }).click()
  }
  /** A page that is open and at rest, in a session of the user. */
  const resting = async (name: string) => {
    await page.clock.install()
    await logOn(page, desk, name, FIRST, PLACE)
    await page.getByRole('heading', { name: 'Events' }).waitFor()
    await desk.isComplete(page)
  }
  /** The user logs on in another tab, in the place of who was. */
  const takenOverBy = async (name: string) => {
    const other = await page.context().newPage()
    await other.goto(desk.console)
    await other.evaluate(() =>
      fetch('/console/session', { method: 'DELETE', headers: { 'X-Strongroom-Console': '1' } }),
    )
    await logOn(other, desk, name, FIRST)
    await entered(other)
  }

  it('begins only after the password that must be changed was changed', async () => {
    await person('erin', { PasswordResetRequired: 'true' })
    await logOn(page, desk, 'erin', FIRST)
    await page.getByRole('heading', { name: 'Set a new password' }).waitFor()
    const submit = async (password: string, repeated: string) => {
      await page.getByLabel('New password', { exact: true }).fill(password)
      await page.getByLabel('New password, once more').fill(repeated)
      await page.getByRole('button', { name: 'OK' }).click()
    }
    await submit(SECOND, `${SECOND}x`)
    await page.getByText('The two passwords differ.').waitFor()
    await submit('short', 'short')
    await page.getByRole('alert').getByText('InvalidParameter.Password.TooWeak').waitFor()
    const refused = page.waitForResponse((response) => response.url().endsWith('/console/session'))
    await page.reload()
    assert.equal((await refused).status(), 401)
    await page.getByRole('heading', { name: 'Log on to Strongroom' }).waitFor()
    assert.equal(await page.getByText(OVER).count(), 0)
    await logOn(page, desk, 'erin', FIRST)
    await submit(SECOND, SECOND)
    await entered()
    await page.context().clearCookies()
    await logOn(page, desk, 'erin', FIRST)
    await page.getByRole('alert').getByText('LogOn.Failed').waitFor()
    await logOn(page, desk, 'erin', SECOND)
    await entered()
  })

  it('is over at the next step when the administrator changes the password, and goes on at the same page', async () => {
    await person('frank')
    await resting('frank')
    await ram('UpdateLoginProfile', { UserName: 'frank', Password: SECOND })
    await page.getByRole('link', { name: 'Keys', exact: true }).click()
    await isOver()
    assert.match(page.url(), /cn-hangzhou\/keys$/)
    await again('frank', SECOND)
    await page.getByRole('heading', { name: 'Keys' }).waitFor()
    assert.match(page.url(), /cn-hangzhou\/keys$/)
  })

  for (const [what, end] of [
    ['its password is changed', (UserName: string) => ram('UpdateLoginProfile', { UserName, Password: SECOND })],
    ['its login profile is deleted', (UserName: string) => ram('DeleteLoginProfile', { UserName })],
    [
      'its user is deleted',
      async (UserName: string) => {
        await ram('DeleteLoginProfile', { UserName })
        for (const PolicyName of ['AliyunKMSReadOnlyAccess', 'AliyunActionTrailReadOnlyAccess'])
          await ram('DetachPolicyFromUser', { UserName, PolicyType: 'System', PolicyName })
        await ram('DeleteUser', { UserName })
      },
    ],
  ] as const)
    it(`says that it is over at a page where nobody does anything, when ${what}`, async () => {
      const name = what.replaceAll(' ', '-')
      await person(name)
      await resting(name)
      await end(name)
      await page.clock.fastForward(30_000)
      await isOver()
      assert.match(page.url(), /cn-hangzhou\/events$/)
    })

  it('logs on the command line of this machine, which its log-off ends', async () => {
    await person('nora')
    const home = temporaryFolder()
    const browser = join(home, 'browser')
    writeFileSync(browser, '#!/bin/sh\nprintf %s "$1" > "$0.opened"\n', { mode: 0o755 })
    const env = { HOME: home, BROWSER: browser, STRONGROOM_ENDPOINT: desk.program.endpoint }
    const running = runProgram(['login'], env)
    await until(() => existsSync(`${browser}.opened`) && readFileSync(`${browser}.opened`, 'utf8') !== '')
    const address = new URL(readFileSync(`${browser}.opened`, 'utf8'))
    let shown: string | null = null
    try {
      await page.goto(address.href)
      await again('nora', FIRST)
      await page.getByRole('heading', { name: 'Log on the command line' }).waitFor()
      shown = await page.getByText(/^(?:[B-Z]{4}-){2}[B-Z]{4}$/).textContent()
      await page.getByRole('definition').getByText(`nora@${desk.program.credentials.accountId}`).waitFor()
      await page.getByRole('button', { name: 'Allow' }).click()
      await page.getByText('The command line is logged on. You can close this page.').waitFor()
    } catch (error) {
      // It waits for ten minutes.
      const { port, state = '' } = Object.fromEntries(address.searchParams)
      await fetch(`http://127.0.0.1:${port}/?${new URLSearchParams({ error: 'failed', state })}`, {
        redirect: 'manual',
      })
      await running
      throw error
    }
    const { code, out, err } = await running
    assert.equal(code, 0)
    assert.ok(err.includes(`only if the page shows the code ${shown}:`), err)
    assert.match(out, /^logged on to http:\S+ as acs:ram::\d{16}:user\/nora, until/)
    // The page leads to this machine alone.
    const port = address.searchParams.get('port')
    for (const fault of desk.takeFaults()) assert.ok(fault.startsWith(`asked http://127.0.0.1:${port}/?code=`), fault)
    const around = { HOME: home, STRONGROOM_DATA: '', ALIBABA_CLOUD_ACCESS_KEY_ID: '' }
    const line = (...words: string[]) => runProgram(words, around)
    assert.match((await line('whoami')).out, /user\/nora\n(?:.*\n)*from {7}the log-on to/)
    await page.evaluate(() => fetch('/console/session', { method: 'DELETE', headers: { 'X-Strongroom-Console': '1' } }))
    assert.match((await line('whoami')).err, /InvalidSecurityToken\.Expired/)
  })

  it('logs on the command line of another machine by a code, once the person has seen what asks', async () => {
    await person('olaf')
    const send = async (path: string, body: object) => {
      const headers = { 'content-type': 'application/json' }
      const init = { method: 'POST', headers, body: JSON.stringify(body) }
      return (await fetch(`${desk.console}/log-on/${path}`, init)).json() as Promise<Record<string, string>>
    }
    const { UserCode = '', DeviceCode } = await send('device', { Name: 'ci@build-7' })
    await page.goto(`${desk.console}/device`)
    await again('olaf', FIRST)
    await page.getByLabel('Code that the command line shows').fill(UserCode.toLowerCase())
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByText(/^Waiting for the command line/).waitFor()
    assert.equal(await page.getByRole('button', { name: 'Allow' }).count(), 0)
    assert.equal((await send('token', { DeviceCode }))['Code'], 'LogOn.Pending')
    for (const text of ['ci@build-7', '127.0.0.1', UserCode]) await page.getByText(text, { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.getByText(/^Allowed\./).waitFor()
    assert.match((await send('token', { DeviceCode }))['Arn'] ?? '', /user\/olaf$/)
  })

  it('is over in all tabs with a log-off in one, and the others go on where they were', async () => {
    await person('grace')
    await resting('grace')
    const other = await page.context().newPage()
    await desk.go(other, '/cn-hangzhou/keys')
    await other.getByRole('button', { name: /^Account: grace/ }).click()
    await other.getByRole('menuitem', { name: 'Log off' }).click()
    await other.getByRole('heading', { name: 'Log on to Strongroom' }).waitFor()
    assert.equal(await other.getByText(OVER).count(), 0)
    await isOver()
    await again('grace', FIRST)
    await page.getByRole('heading', { name: 'Events' }).waitFor()
    assert.match(page.url(), /cn-hangzhou\/events$/)
  })

  it('says that a log-off did not reach the service, and leads back to the session', async () => {
    await person('ada')
    await logOn(page, desk, 'ada', FIRST)
    await entered()
    const session = '**/console/session'
    await page.route(session, (route) => (route.request().method() === 'DELETE' ? route.abort() : route.continue()))
    await page.getByRole('button', { name: /^Account: ada/ }).click()
    await page.getByRole('menuitem', { name: 'Log off' }).click()
    await page.getByText('The service can’t be reached.').waitFor()
    await page.unroute(session)
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('button', { name: /^Account: ada/ }).waitFor()
  })

  it('is of one user in all tabs: who logs on in one is who the others show', async () => {
    await person('heidi')
    await person('ivan')
    await resting('heidi')
    await takenOverBy('ivan')
    await page.clock.fastForward(30_000)
    await page.getByRole('button', { name: /^Account: ivan/ }).waitFor()
    assert.match(page.url(), /cn-hangzhou\/events$/)
  })

  it('shows nothing to the next user of what the last one typed or decrypted in an open page', async () => {
    await person('judy')
    await person('ken')
    await ram('AttachPolicyToUser', { UserName: 'judy', PolicyType: 'System', PolicyName: 'AliyunKMSCryptoUserAccess' })
    const { KeyId } = (await desk.program.call('CreateKey')).body.KeyMetadata
    const { body } = await desk.program.call('Encrypt', { KeyId, Plaintext: Buffer.from('of judy').toString('base64') })
    await resting('judy')
    await desk.go(page, '/cn-hangzhou/cryptography/decrypt')
    const ciphertext = page.getByLabel('Ciphertext', { exact: true })
    await ciphertext.fill(body.CiphertextBlob)
    await page.getByRole('button', { name: 'Decrypt' }).click()
    await page.getByRole('region', { name: 'Result' }).getByRole('button', { name: 'Show' }).click()
    await page.getByText('of judy').waitFor()
    await takenOverBy('ken')
    await page.clock.fastForward(30_000)
    await page.getByRole('button', { name: /^Account: ken/ }).waitFor()
    assert.match(page.url(), /cn-hangzhou\/cryptography\/decrypt$/)
    assert.equal(await page.getByText('of judy').count(), 0)
    assert.equal(await ciphertext.inputValue(), '')
  })
})
