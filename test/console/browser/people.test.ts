// People: made, given permissions and a second factor by the account; what they see, what they may not, and how their sessions end.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { TOTP } from 'otpauth'
import type { Page } from 'playwright-core'
import { call } from '../../acceptance/program.ts'
import { choose, copied, Desk, logOn } from './desk.ts'

const PASSWORD = 'Correct-Horse-7'
const STEP_MS = 30_000

describe('people in the browser', () => {
  let desk: Desk
  let root: Page
  let user: Page
  let keyId: string
  before(async () => {
    desk = await Desk.open()
    root = await desk.root()
    user = await desk.page()
    keyId = (await desk.program.call('CreateKey', { Description: 'watched' })).body.KeyMetadata.KeyId
  })
  after(async () => desk[Symbol.asyncDispose]())
  afterEach(() => assert.deepEqual(desk.takeFaults(), []))

  it('are made by the account, with a password and a required second factor', async () => {
    await desk.go(root, '/ram/users')
    await root.getByRole('button', { name: 'Create User' }).first().click()
    await root.getByLabel('Logon Name').fill('anna.lind')
    await root.getByLabel('Display Name').fill('Anna Lind')
    await root.getByRole('dialog').getByRole('button', { name: 'OK' }).click()
    await root.getByRole('button', { name: 'Enable Console Logon' }).click()
    await root.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await root.getByLabel('Password Reset at next logon').uncheck()
    await root.getByLabel('Multi-factor authentication required').check()
    await root.getByRole('dialog').getByRole('button', { name: 'OK' }).click()
    await root.getByText(`anna.lind@${desk.program.credentials.accountId}`).waitFor()
  })

  it('get existing policies, chosen by name', async () => {
    await root.getByRole('link', { name: 'Permissions' }).click()
    await root.getByRole('button', { name: 'Add Permissions' }).click()
    // The list is longer than what it shows at once.
    await root.getByLabel('Policies', { exact: true }).fill('KMSReadOnly')
    await choose(root, 'Policies', 'AliyunKMSReadOnlyAccess (System)')
    await root.keyboard.press('Escape')
    await root.getByRole('dialog').getByRole('button', { name: 'OK' }).click()
    await root.getByRole('link', { name: 'AliyunKMSReadOnlyAccess' }).waitFor()
  })

  it('get AccessKeys whose secret is shown once', async () => {
    await root.getByRole('link', { name: 'User AccessKeys' }).click()
    await root.getByRole('button', { name: 'Create AccessKey' }).click()
    const dialog = root.getByRole('dialog')
    await dialog.getByText('The AccessKey secret is shown only now').waitFor()
    const [file] = await Promise.all([
      root.waitForEvent('download'),
      dialog.getByRole('button', { name: 'Download CSV File' }).click(),
    ])
    assert.match(file.suggestedFilename(), /^AccessKey-LTAI\w+\.csv$/)
    const secret = await copied(root, dialog.getByRole('button', { name: 'Copy AccessKey secret' }))
    await dialog.getByRole('button', { name: 'Close' }).click()
    await root.getByText('Enabled').first().waitFor()
    assert.ok(secret.length >= 30 && !(await root.content()).includes(secret))
  })

  it('are refused alike, whatever was wrong', async () => {
    for (const [name, password] of [
      ['anna.lind', 'wrong'],
      ['nobody', PASSWORD],
    ] as const) {
      await logOn(user, desk, name, password)
      await user.getByRole('alert').getByText('LogOn.Failed').waitFor()
    }
  })

  it('bind their second factor when they log on first', async () => {
    await logOn(user, desk, 'anna.lind', PASSWORD)
    await user.getByRole('img', { name: 'QR code of the device' }).waitFor()
    const secret = await copied(user, user.getByRole('button', { name: 'Copy Key to type in' }))
    const device = new TOTP({ secret })
    const now = Date.now()
    await user.getByLabel('First code').fill(device.generate({ timestamp: now - STEP_MS }))
    await user.getByLabel('Second code, 30 seconds later').fill(device.generate({ timestamp: now }))
    await user.getByRole('button', { name: 'Enable' }).click()
    await user.getByRole('heading', { name: 'Overview' }).waitFor()
    await user.getByRole('button', { name: /^Account: anna\.lind@/ }).click()
    await user.getByText('Logged on with a second factor').waitFor()
    await user.keyboard.press('Escape')
  })

  it('see what they may not do, with the statement that is missing', async () => {
    await desk.go(user, `/cn-hangzhou/keys/${keyId}/details`)
    const disable = user.getByRole('button', { name: 'Disable', exact: true })
    await user.locator('button[aria-disabled="true"]', { hasText: 'Disable' }).first().waitFor()
    await disable.focus()
    const tooltip = user.getByRole('tooltip')
    await tooltip.getByText('kms:DisableKey').first().waitFor()
    await tooltip.getByText(`:key/${keyId}`).waitFor()
    await desk.go(user, '/cn-hangzhou/keys')
    await user.getByRole('button', { name: `Actions of ${keyId}` }).click()
    await user.getByRole('menuitem', { name: 'Disable Your policies do not allow kms:DisableKey.' }).waitFor()
    await user.keyboard.press('Escape')
    await desk.go(user, '/ram/users')
    const refusal = user.getByRole('alert')
    await refusal
      .getByText(/NoPermission|Forbidden/)
      .first()
      .waitFor()
    await refusal.getByText('RequestId').waitFor()
    await refusal.getByText('Your policies do not allow ram:ListUsers. Ask an administrator for it.').waitFor()
  })

  it('look after their own password and second factor', async () => {
    await user.getByRole('button', { name: /^Account: anna/ }).click()
    await user.getByRole('menuitem', { name: 'Security Information Management' }).click()
    await user
      .getByRole('region', { name: 'Virtual MFA Device' })
      .getByText(/:mfa\//)
      .waitFor()
    await user.getByLabel('Current password').fill('wrong')
    await user.getByLabel('New password').fill('Another-Horse-8')
    await user.getByRole('button', { name: 'OK' }).click()
    await user.getByRole('alert').getByText('RequestId').first().waitFor()
  })

  it('bind a second factor themselves without any policy, after a dialog that they left, too', async () => {
    const UserName = 'no_policy'
    for (const [action, parameters] of [
      ['CreateUser', { UserName }],
      ['CreateLoginProfile', { UserName, Password: PASSWORD }],
    ] as const) {
      const { endpoint, credentials } = desk.program
      const created = await call(endpoint, credentials, action, { Version: '2015-05-01', ...parameters }, Date.now())
      assert.equal(created.status, 200)
    }
    const own = await desk.page()
    await logOn(own, desk, UserName, PASSWORD, '/ram/security')
    const enable = own.getByRole('button', { name: 'Enable the Virtual MFA Device' })
    const dialog = own.getByRole('dialog')
    await enable.click()
    await dialog.getByRole('img', { name: 'QR code of the device' }).waitFor()
    await own.reload()
    await enable.click()
    const secret = await copied(own, dialog.getByRole('button', { name: 'Copy Key to type in' }))
    const device = new TOTP({ secret })
    const now = Date.now()
    await dialog.getByLabel('First code').fill(device.generate({ timestamp: now - STEP_MS }))
    await dialog.getByLabel('Second code, 30 seconds later').fill(device.generate({ timestamp: now }))
    await dialog.getByRole('button', { name: 'Enable' }).click()
    await own.getByText(`acs:ram::${desk.program.credentials.accountId}:mfa/no-policy`).waitFor()
    await own.context().close()
  })

  it('have a denial that the account can explain, from the event to the statement', async () => {
    await desk.go(root, '/cn-hangzhou/events?result=refused')
    await root
      .getByRole('button', { name: /^Event Detail of ListUsers/ })
      .first()
      .click()
    const resource = `acs:ram:*:${desk.program.credentials.accountId}:user/*`
    const statement = `{"Effect":"Allow","Action":"ram:ListUsers","Resource":"${resource}"}`
    await root.getByRole('dialog').getByText('No statement of the caller allows ram:ListUsers').waitFor()
    await root.getByRole('dialog').getByText(statement, { exact: true }).waitFor()
    await root.getByRole('link', { name: 'Ask the simulator why' }).click()
    await root.getByText('Not allowed by any statement').waitFor()
    await root.getByRole('main').getByText(statement).waitFor()
  })

  it('have denials by the policies of a role and of a session, which no statement of theirs would change', async () => {
    const { endpoint, credentials: account } = desk.program
    async function must(
      action: string,
      parameters: Record<string, string>,
      { Version = '2015-05-01', who = account }: { Version?: string; who?: Parameters<typeof call>[1] } = {},
    ) {
      const { status, body } = await call(endpoint, who, action, { Version, ...parameters }, Date.now())
      assert.ok(status < 500 && body.Code !== 'MalformedPolicyDocument', JSON.stringify(body))
      return body
    }
    const trust = (...effects: string[]) => {
      const rest = { Action: 'sts:AssumeRole', Principal: { RAM: `acs:ram::${account.accountId}:root` } }
      return JSON.stringify({ Version: '1', Statement: effects.map((Effect) => ({ Effect, ...rest })) })
    }
    const RoleName = 'guarded'
    await must('CreateRole', { RoleName, AssumeRolePolicyDocument: trust('Allow') })
    await must('CreateUser', { UserName: 'bo' })
    const policy = { PolicyType: 'System', PolicyName: 'AdministratorAccess' }
    await must('AttachPolicyToUser', { ...policy, UserName: 'bo' })
    await must('AttachPolicyToRole', { ...policy, RoleName })
    const { AccessKeyId, AccessKeySecret } = (await must('CreateAccessKey', { UserName: 'bo' })).AccessKey
    const bo = { accessKeyId: AccessKeyId, accessKeySecret: AccessKeySecret }
    const role = `acs:ram:*:${account.accountId}:role/${RoleName}`
    const assume = (parameters: Record<string, string> = {}) =>
      must(
        'AssumeRole',
        { RoleArn: role.replace('*', ''), RoleSessionName: 'shift', ...parameters },
        { Version: '2015-04-01', who: bo },
      )
    const listKeysWith = async (effect: string, Action: string) => {
      const statements = [{ Effect: 'Allow', Action: 'kms:DescribeKey', Resource: '*' }]
      const Policy = JSON.stringify({
        Version: '1',
        Statement: [...statements, { Effect: effect, Action, Resource: '*' }],
      })
      const { Credentials: one } = await assume({ Policy })
      const session = { accessKeyId: one.AccessKeyId, accessKeySecret: one.AccessKeySecret }
      await must('ListKeys', {}, { Version: '2016-01-20', who: { ...session, securityToken: one.SecurityToken } })
    }
    async function shows(event: string, reason: string | RegExp, explains: boolean) {
      await desk.go(root, '/cn-hangzhou/keys')
      await desk.go(root, '/cn-hangzhou/events?result=refused')
      await root
        .getByRole('button', { name: new RegExp(`^Event Detail of ${event}`) })
        .first()
        .click()
      const dialog = root.getByRole('dialog')
      await dialog.getByText(reason, { exact: true }).waitFor()
      assert.equal(await dialog.getByText('No statement of the caller allows').count(), 0)
      assert.equal(await dialog.getByRole('link', { name: 'Ask the simulator why' }).count(), explains ? 1 : 0)
    }
    const container = `acs:kms:cn-hangzhou:${account.accountId}:key`
    await listKeysWith('Allow', 'kms:Encrypt')
    const wider = 'assume the role again with a policy that does.'
    await shows('ListKeys', `The session policy does not allow kms:ListKeys: ${wider}`, false)
    await listKeysWith('Deny', 'kms:List*')
    await shows('ListKeys', `Statement[1] of the session policy denies kms:ListKeys on ${container}.`, false)
    await must('UpdateRole', { RoleName, NewAssumeRolePolicyDocument: trust('Allow', 'Deny') })
    await assume()
    await shows('AssumeRole', `Statement[1] of the trust policy of ${role} denies sts:AssumeRole.`, true)
    const others = trust('Allow').replace(account.accountId, '1000000000000001')
    await must('UpdateRole', { RoleName, NewAssumeRolePolicyDocument: others })
    await assume()
    await shows('AssumeRole', `The trust policy of ${role} does not allow sts:AssumeRole to the caller.`, true)
  })

  it('are found by what they can do with a key', async () => {
    await desk.go(root, `/cn-hangzhou/keys/${keyId}/access`)
    await choose(root, 'Action', 'kms:DescribeKey')
    await root.getByText('anna.lind').waitFor()
  })

  it('lose their session when their logon settings are cleared elsewhere, at the place where they were', async () => {
    await desk.go(user, '/cn-hangzhou/keys')
    await desk.go(root, '/ram/users/anna.lind/authentication')
    await root.getByRole('button', { name: 'Clear Logon Settings' }).click()
    await root.getByRole('dialog').getByRole('button', { name: 'Clear Logon Settings' }).click()
    await root.getByText('This user cannot log on to the console.').waitFor()
    await user.reload()
    await user.getByRole('heading', { name: 'Log on to Strongroom' }).waitFor()
    assert.match(user.url(), /cn-hangzhou\/keys$/)
  })

  it('write policies that the service checks as they type', async () => {
    await desk.go(root, '/ram/policies/create')
    await root.getByLabel('Policy Name').fill('encrypt-only')
    const editor = root.getByRole('textbox', { name: 'Policy Document' })
    await root.getByText('The policy is valid.').waitFor()
    await editor.click()
    await root.keyboard.press('Control+a')
    await root.keyboard.insertText(
      '{"Version":"1","Statement":[{"Effect":"Alow","Action":"kms:Encrypt","Resource":"*"}]}',
    )
    await root.getByText('1 fault').waitFor()
    assert.ok(await root.getByRole('button', { name: 'OK' }).isDisabled())
    // The service would refuse it: its resource can match nothing.
    await root.keyboard.press('Control+a')
    await root.keyboard.insertText(
      '{"Version":"1","Statement":[{"Effect":"Allow","Action":"kms:Encrypt","Resource":"acs:kms:*:*:keys/x"}]}',
    )
    await root.getByText('can match no resource').waitFor()
    assert.ok(await root.getByRole('button', { name: 'OK' }).isDisabled())
    await root.keyboard.press('Control+a')
    await root.keyboard.insertText(
      '{"Version":"1","Statement":[{"Effect":"Allow","Action":"kms:Encript","Resource":"*"}]}',
    )
    await root.getByText('"kms:Encript" in Action of Statement[0] is no action of this service').waitFor()
    await root.getByText('The policy is valid.').waitFor()
    await root.keyboard.press('Control+a')
    await root.keyboard.insertText(
      '{"Version":"1","Statement":[{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*"}]}',
    )
    await root.getByText('The policy is valid.').waitFor()
    await root.getByRole('button', { name: 'OK' }).click()
    await root.getByRole('heading', { name: 'encrypt-only' }).waitFor()
    await root.getByText('"kms:Encrypt"').waitFor()
  })

  it('share the account with OIDC providers, which are made, seen, changed and deleted', async () => {
    await desk.go(root, '/ram/oidc-providers')
    await root.getByText('There is no OIDC provider yet.').waitFor()
    await root.getByRole('button', { name: 'Create OIDC Provider' }).first().click()
    const dialog = root.getByRole('dialog')
    await dialog.getByLabel('Provider name').fill('cluster-1')
    await dialog.getByLabel('Issuer URL').fill('http://plain.example.com')
    await dialog.getByRole('button', { name: 'OK' }).click()
    await dialog.getByText('A URL of https, at most 255 characters').first().waitFor()
    await dialog.getByLabel('Issuer URL').fill('https://oidc.example.com/cluster-1')
    await dialog.getByLabel('Client IDs').fill('sts.aliyuncs.com,ci')
    await dialog.getByRole('button', { name: 'OK' }).click()
    await root.getByRole('heading', { name: 'cluster-1' }).waitFor()
    await root.getByText('Name the subject (oidc:sub)').waitFor()
    await root.getByText('sts.aliyuncs.com', { exact: true }).waitFor()
    await root.getByRole('button', { name: 'Edit OIDC provider' }).click()
    await dialog.getByLabel('Client IDs').fill('ci')
    await dialog.getByRole('button', { name: 'OK' }).click()
    await root.getByText('sts.aliyuncs.com', { exact: true }).waitFor({ state: 'detached' })
    await root.getByRole('button', { name: 'Delete OIDC provider' }).click()
    await dialog.getByRole('textbox').fill('cluster-1')
    await dialog.getByRole('button', { name: 'Delete OIDC provider' }).click()
    await root.getByText('There is no OIDC provider yet.').waitFor()
  })

  it('are added to a group, and listed in it, however many there are', async () => {
    const ram = async (action: string, parameters: Record<string, string>) => {
      const { status, body } = await desk.program.call(action, { Version: '2015-05-01', ...parameters })
      assert.equal(status, 200, JSON.stringify(body))
    }
    await ram('CreateGroup', { GroupName: 'crowd' })
    for (let i = 0; i <= 100; i++) {
      const UserName = `member-${String(i).padStart(3, '0')}`
      await ram('CreateUser', { UserName })
      if (i < 100) await ram('AddUserToGroup', { UserName, GroupName: 'crowd' })
    }
    await desk.go(root, '/ram/groups/crowd/members')
    await root.getByRole('button', { name: 'Add member' }).click()
    await root.getByLabel('Logon Name', { exact: true }).fill('member-100')
    await choose(root, 'Logon Name', 'member-100')
    await root.getByRole('dialog').getByRole('button', { name: 'OK' }).click()
    await root.getByRole('link', { name: 'member-100' }).waitFor()
  })

  it('log off, and going back leads to the log-on page', async () => {
    await root.getByRole('button', { name: /^Account: Account/ }).click()
    await root.getByRole('menuitem', { name: 'Log off' }).click()
    await root.getByRole('heading', { name: 'Log on to Strongroom' }).waitFor()
    await root.goBack()
    await root.getByRole('heading', { name: 'Log on to Strongroom' }).waitFor()
  })
})
