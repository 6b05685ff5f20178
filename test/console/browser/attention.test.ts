// What needs attention, on Overview and where one acts: each made to happen to the real service.
import assert from 'node:assert/strict'
import { constants, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { call } from '../../acceptance/program.ts'
import { makeToken, type TestToken } from '../../keystore/pkcs11/tokens.ts'
import { until } from '../../until.ts'
import { Desk, logOn } from './desk.ts'

const DAY = 86_400_000
const REGION = '/cn-hangzhou'
const PASSWORD = 'Correct-Horse-7'
const RAM = { Version: '2015-05-01' }
const TRAIL = { Version: '2020-07-06' }

describe('what needs attention', () => {
  let token: TestToken
  let desk: Desk
  let page: Page
  before(async () => {
    token = makeToken('SoftHSM2')
    const flags = [...token.flags, '--delivery-interval-seconds', '1', '--max-keys', '5']
    desk = await Desk.open({ flags, env: token.env })
    page = await desk.root()
  })
  after(async () => {
    await desk[Symbol.asyncDispose]()
    token[Symbol.dispose]()
  })
  afterEach(() => assert.deepEqual(desk.takeFaults(), []))

  const must = async (action: string, parameters: Record<string, string> = {}) => {
    const { status, body } = await desk.program.call(action, parameters)
    assert.equal(status, 200, `${action}: ${JSON.stringify(body)}`)
    return body
  }
  const attention = (on = page) => on.getByRole('region', { name: 'What needs attention' })
  const line = (text: string | RegExp, on = page) => attention(on).getByRole('listitem').filter({ hasText: text })
  const overview = (on = page) => desk.go(on, `${REGION}/overview`)

  it('is nothing at first: Overview says that all is well, and how much of the quotas is used', async () => {
    await overview()
    await attention().getByText('Nothing needs attention').waitFor()
    const quotas = page.getByRole('region', { name: 'Quotas' })
    await quotas.getByRole('listitem').filter({ hasText: 'Keys in this region' }).getByText('0 of 5').waitFor()
    await quotas.getByRole('listitem').filter({ hasText: 'Users' }).getByText('0 of 1,000').waitFor()
  })

  it('is a key that is due for deletion, and one whose material expires soon, each with its page', async () => {
    const doomed = (await must('CreateKey')).KeyMetadata.KeyId
    await must('ScheduleKeyDeletion', { KeyId: doomed, PendingWindowInDays: '9' })
    const external = (await must('CreateKey', { Origin: 'EXTERNAL', Description: 'Brought along' })).KeyMetadata.KeyId
    const asked = { KeyId: external, WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }
    const { PublicKey, ImportToken } = await must('GetParametersForImport', asked)
    const key = createPublicKey({ key: Buffer.from(PublicKey, 'base64'), format: 'der', type: 'spki' })
    const oaep = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
    await must('ImportKeyMaterial', {
      KeyId: external,
      ImportToken,
      EncryptedKeyMaterial: publicEncrypt(oaep, randomBytes(32)).toString('base64'),
      KeyMaterialExpireUnix: String(Math.floor((Date.now() + 4 * DAY) / 1000)),
    })
    await overview()
    await line(doomed)
      .getByText(/is destroyed on/)
      .waitFor()
    await line(external).getByText('Brought along').waitFor()
    await line(external)
      .getByText(/its key material expires on .*: import it again/)
      .waitFor()
    await line(external).getByRole('link').click()
    await page.waitForURL(`**/keys/${external}/material`)
  })

  it('is a trail whose delivery fails, until it delivers again', async () => {
    const bucket = join(desk.program.data, 'trails', desk.program.credentials.accountId, 'audit-copies')
    await must('CreateTrail', { ...TRAIL, Name: 'audit-copy', OssBucketName: 'audit-copies' })
    rmSync(bucket, { recursive: true, force: true })
    mkdirSync(join(bucket, '..'), { recursive: true })
    writeFileSync(bucket, 'in the way')
    await must('StartLogging', { ...TRAIL, Name: 'audit-copy' })
    const isOk = async () => (await must('GetTrailStatus', { ...TRAIL, Name: 'audit-copy' })).OssBucketStatus
    await until(async () => (await isOk()) === false)
    await overview()
    await line('can’t deliver').getByRole('link', { name: 'audit-copy' }).click()
    const trail = page.getByRole('region', { name: 'audit-copy' })
    await trail.getByText('Last failure').waitFor()
    await trail.getByText('Failing', { exact: true }).waitFor()
    rmSync(bucket)
    await must('StopLogging', { ...TRAIL, Name: 'audit-copy' })
    await must('DeleteTrail', { ...TRAIL, Name: 'audit-copy' })
    await overview()
    await attention().waitFor()
    await until(async () => (await line('can’t deliver').count()) === 0)
  })

  it('is a quota that is nearly used up, and one that is', async () => {
    await must('CreateKey')
    await must('CreateKey')
    await overview()
    await line('Keys in this region').getByText('4 of 5 are used').waitFor()
    await must('CreateKey')
    await overview()
    await line('Keys in this region').getByText('is used up: 5 of 5').waitFor()
  })

  it('is an AccessKey that nobody used, with the page of its user', async () => {
    await must('CreateUser', { ...RAM, UserName: 'deploy.bot' })
    const { AccessKeyId } = (await must('CreateAccessKey', { ...RAM, UserName: 'deploy.bot' })).AccessKey
    await overview()
    await line(AccessKeyId).getByRole('link').click()
    await page.waitForURL('**/ram/users/deploy.bot/accesskeys')
  })

  it('is a token of the HSM that went away: its page says what it is, and what became of it', async () => {
    await desk.go(page, `${REGION}/hsm`)
    const shown = page.getByRole('region', { name: token.label, exact: true })
    await shown.getByText('Serving', { exact: true }).waitFor()
    await shown.getByText('SoftHSM project').waitFor()
    await shown.getByRole('list', { name: 'Can do' }).getByText('AES-256-GCM').waitFor()
    await shown
      .getByRole('list', { name: 'Can’t do' })
      .getByText(/^Import .*RSAES_OAEP_SHA_256: it lacks/)
      .waitFor()
    const tokens = join(token.folder, 'tokens')
    renameSync(tokens, join(token.folder, 'unplugged'))
    mkdirSync(tokens)
    const refresh = page.getByRole('button', { name: 'Refresh' })
    await until(async () => {
      await refresh.click()
      await desk.isComplete(page)
      return shown.getByText('Away', { exact: true }).isVisible()
    })
    await shown.getByText('The server keeps trying to reach it').waitFor()
    await overview()
    await line('is unavailable').getByRole('link', { name: token.label }).click()
    await page.waitForURL('**/hsm')
    rmSync(tokens, { recursive: true })
    renameSync(join(token.folder, 'unplugged'), tokens)
    await until(async () => {
      await refresh.click()
      await desk.isComplete(page)
      return shown.getByText('Serving', { exact: true }).isVisible()
    })
  })

  const verification = (on = page) => on.getByRole('region', { name: 'Verify the trail' })

  async function verify(from?: string): Promise<void> {
    await verification().getByRole('button', { name: 'Start verification' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('an account has one verification at a time').waitFor()
    if (from !== undefined) {
      await dialog.getByLabel('From').fill(from)
      await page.keyboard.press('Enter')
    }
    const ok = dialog.getByRole('button', { name: 'OK', exact: true }).last()
    // The account may still rest from its last verification.
    for (let isStarted = false; !isStarted; ) {
      const answered = page.waitForResponse((response) => response.url().includes('StartEventVerification'))
      await ok.click()
      const answer = await answered
      isStarted = answer.status() === 200
      if (!isStarted) assert.match(await answer.text(), /VerificationTooSoonException/)
    }
    await dialog.waitFor({ state: 'hidden' })
  }

  it('is not the trail: its verification says that it is intact, also to who comes back', async () => {
    await desk.go(page, `${REGION}/trails`)
    await verification().getByText('has not started a verification').waitFor()
    await verify()
    await overview()
    await desk.go(page, `${REGION}/trails`)
    await verification()
      .getByText(/^Intact: \d+ events are as they were recorded/)
      .waitFor()
    await verification().getByText('All events').waitFor()
    await verify('2026-01-02 03:04:05')
    await verification()
      .getByText(/^2 Jan 2026, 03:04:05 –/)
      .waitFor()
    await verification()
      .getByText(/^Intact/)
      .waitFor()
  })

  it('shows how far a verification is, and cancels it', async () => {
    const running = { State: 'Running', Seconds: 7, Percent: 40, SeenEvents: 4000, TotalEvents: 10_000 }
    await page.route('**/api/Actiontrail/InspectEventChain*', async (route) => {
      const answer = await route.fetch()
      const body = (await answer.json()) as Record<string, unknown>
      await route.fulfill({ response: answer, json: { ...body, Verification: running } })
    })
    await desk.go(page, `${REGION}/trails`)
    await verification().getByText('4,000 of 10,000 events, after 7 s').waitFor()
    const bar = verification().getByRole('progressbar', { name: 'Progress of the verification' })
    assert.equal(await bar.getAttribute('aria-valuenow'), '40')
    await verification().getByRole('button', { name: 'Cancel verification' }).click()
    // The service has none to cancel, and says so at this place.
    await verification().getByText('VerificationNotFoundException', { exact: true }).waitFor()
    await page.unrouteAll({ behavior: 'wait' })
  })

  it('is an event that somebody altered: the verdict names it, and Overview leads there', async () => {
    {
      using db = new DatabaseSync(join(desk.program.data, 'strongroom.db'), { timeout: 30_000 })
      const { changes } = db.prepare(`UPDATE event SET body = body || ' ' WHERE seq = 3`).run()
      assert.equal(changes, 1)
    }
    await desk.go(page, `${REGION}/trails`)
    await verify()
    await verification().getByText('Not intact: event 3').waitFor()
    await verification().getByText('it was altered, inserted, or moved here.').first().waitFor()
    await verification()
      .getByText(/signatures? confirms? that \d events? before it (is|are) as/i)
      .waitFor()
    await overview()
    await line('is not intact').getByRole('link').click()
    await page.waitForURL('**/trails')
  })

  it('is shown as far as policies allow it; what is missing is named, and not even asked', async () => {
    await must('CreateUser', { ...RAM, UserName: 'reader' })
    await must('CreateLoginProfile', { ...RAM, UserName: 'reader', Password: PASSWORD })
    const PolicyName = 'AliyunKMSReadOnlyAccess'
    await must('AttachPolicyToUser', { ...RAM, PolicyType: 'System', PolicyName, UserName: 'reader' })
    const reader = await desk.page()
    await logOn(reader, desk, 'reader', PASSWORD)
    await attention(reader).waitFor()
    for (const action of ['kms:InspectHsm', 'actiontrail:InspectEventChain', 'actiontrail:DescribeTrails'])
      await line(`Your policies do not allow ${action}`, reader).waitFor()
    await line('Keys in this region', reader).getByText('is used up').waitFor()
    await line('Quotas of RAM', reader).getByText('Your policies do not allow ram:GetAccountSummary').waitFor()
    await reader.getByRole('region', { name: 'Quotas' }).getByText('5 of 5').waitFor()
    assert.equal(await reader.getByText('Your policies do not allow ram:GetAccountSummary').count(), 1)
    const statement = attention(reader).getByText(/"Effect":"Allow","Action":"actiontrail:DescribeTrails"/)
    assert.equal(await statement.isVisible(), false)
    await attention(reader)
      .getByText(/^Show the \d statements to ask an administrator for$/)
      .click()
    await statement.waitFor()
    await desk.go(reader, `${REGION}/hsm`)
    await reader.getByText('Your policies do not allow kms:InspectHsm').waitFor()
    await desk.go(reader, `${REGION}/trails`)
    await verification(reader).getByText('Your policies do not allow actiontrail:InspectEventChain').waitFor()
    await verification(reader).getByRole('button', { name: 'Start verification', disabled: true }).waitFor()
    const { endpoint, credentials } = desk.program
    const lookup = {
      ...TRAIL,
      'LookupAttribute.1.Key': 'User',
      'LookupAttribute.1.Value': 'reader',
      MaxResults: '50',
    }
    const { body } = await call(endpoint, credentials, 'LookupEvents', lookup, Date.now())
    const refused = body.Events.filter(({ errorCode }: { errorCode?: string }) => errorCode)
    const names = refused.map(({ eventName }: { eventName: string }) => eventName)
    assert.deepEqual(
      names.filter((name: string) => /Inspect|Summary|ListUsers/.test(name)),
      [],
    )
    await reader.context().close()
  })
})
