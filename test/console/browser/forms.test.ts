// Forms: what an operation declares shows at its field before anything is sent, and what the service refuses shows there too.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { until } from '../../until.ts'
import { Desk } from './desk.ts'

describe('forms in the browser', () => {
  let desk: Desk
  let page: Page
  const dialog = () => page.getByRole('dialog')
  /** The item of the form that the field is in. */
  const itemOf = (field: Locator) => page.locator('.ant-form-item').filter({ has: field }).last()
  const faultAt = (field: Locator) => itemOf(field).locator('.ant-form-item-explain-error')
  before(async () => {
    desk = await Desk.open({ flags: ['--max-pending-window-days', '60'] })
    page = await desk.root()
    const { KeyId } = (await desk.program.call('CreateKey')).body.KeyMetadata
    await desk.program.call('CreateAlias', { KeyId, AliasName: 'alias/taken' })
  })
  after(async () => desk[Symbol.asyncDispose]())
  afterEach(() => assert.deepEqual(desk.takeFaults(), []))

  /** The operations that the page calls from now on. */
  const called = (): string[] => {
    const operations: string[] = []
    page.on('request', (request) => {
      const [, operation] = /\/console\/api\/\w+\/(\w+)\?/.exec(request.url()) ?? []
      if (operation) operations.push(operation)
    })
    return operations
  }

  it('say what a parameter takes at its field, and send nothing else', async () => {
    const operations = called()
    await desk.visit(page, '/ram/users')
    await page.getByRole('button', { name: 'Create User' }).first().click()
    const name = page.getByLabel('Logon Name')
    await itemOf(name).getByText('1 to 64 characters of letters, digits, ., _ and -.').waitFor()
    await dialog().getByRole('button', { name: 'OK' }).click()
    await itemOf(name).getByText('This field is required.').waitFor()
    await name.fill('anna lind')
    await faultAt(name).getByText('1 to 64 characters of letters, digits, ., _ and -.').waitFor()
    await name.fill('a'.repeat(65))
    await itemOf(name).getByText('At most 64 characters.').waitFor()
    const note = page.getByLabel('Note')
    await note.fill('x'.repeat(129))
    await itemOf(note).getByText('At most 128 characters.').waitFor()
    assert.equal(await itemOf(name).getByText('At most 128 characters.').count(), 0)
    assert.equal(await name.getAttribute('aria-invalid'), 'true')
    await dialog().getByRole('button', { name: 'OK' }).click()
    await note.fill('')
    await name.fill('anna')
    await dialog().getByRole('button', { name: 'OK' }).click()
    await page.getByRole('heading', { name: 'anna' }).waitFor()
    await page.getByRole('link', { name: 'Basic Information' }).click()
    await page.getByRole('link', { name: 'Both: add permissions' }).waitFor()
    assert.deepEqual(
      operations.filter((one) => one === 'CreateUser'),
      ['CreateUser'],
    )
  })

  it('begin at their first field, whether the panel moves or not', async () => {
    for (const reducedMotion of ['no-preference', 'reduce'] as const) {
      await page.emulateMedia({ reducedMotion })
      for (const [path, button, field] of [
        ['/ram/groups', 'Create Group', 'Group Name'],
        ['/ram/users', 'Create User', 'Logon Name'],
      ] as const) {
        await desk.load(page, path)
        await page.getByRole('button', { name: button }).first().click()
        await dialog().getByLabel(field).and(page.locator(':focus')).waitFor()
        await page.keyboard.type('typed')
        assert.equal(await dialog().getByLabel(field).inputValue(), 'typed')
      }
    }
  })

  it('return the focus to the element that opened them, on every way out', async () => {
    const { KeyId } = (await desk.program.call('CreateKey')).body.KeyMetadata
    const isFocused = (button: Locator) => button.and(page.locator(':focus')).waitFor()
    for (const [path, name] of [
      [`/cn-hangzhou/keys/${KeyId}/details`, 'Schedule Key Deletion'],
      [`/cn-hangzhou/keys/${KeyId}/versions`, 'Set rotation'],
    ] as const) {
      await desk.load(page, path)
      const button = page.getByRole('button', { name })
      await button.press('Enter')
      await dialog().waitFor()
      await page.keyboard.press('Escape')
      await isFocused(button)
    }
    await desk.load(page, '/cn-hangzhou/keys')
    const menu = page.getByRole('button', { name: `Actions of ${KeyId}` })
    await menu.press('Enter')
    const item = page.getByRole('menuitem', { name: 'Disable' })
    await item.waitFor()
    await page.keyboard.press('Escape')
    await item.waitFor({ state: 'hidden' })
    await isFocused(menu)
    await menu.press('Enter')
    await item.press('Enter')
    await dialog().getByRole('button', { name: 'Disable' }).click()
    await dialog().waitFor({ state: 'hidden' })
    await isFocused(menu)
    const other = page.getByRole('menuitem', { name: 'Schedule Key Deletion' })
    await menu.click()
    await other.waitFor()
    const search = page.getByPlaceholder('Find by key ID')
    await search.click()
    await other.waitFor({ state: 'hidden' })
    await isFocused(search)
  })

  it('call no field optional that always has a value', async () => {
    await desk.visit(page, '/ram/roles')
    await page.getByRole('button', { name: 'Create RAM Role' }).first().click()
    const optional = dialog().locator('label', { hasText: '(optional)' })
    await optional.filter({ hasText: 'Note' }).waitFor()
    assert.equal(await optional.filter({ hasText: 'Trusted entity' }).count(), 0)
  })

  it('of rotation ask for the interval only while rotation is on', async () => {
    const { KeyId } = (await desk.program.call('CreateKey')).body.KeyMetadata
    await desk.visit(page, `/cn-hangzhou/keys/${KeyId}/versions`)
    await page.getByRole('button', { name: 'Set rotation' }).click()
    const rotates = dialog().getByRole('switch', { name: 'Rotate automatically' })
    await rotates.and(page.locator(':focus')).waitFor()
    const interval = dialog().getByLabel(/^Interval in days/)
    assert.equal(await interval.count(), 0)
    await rotates.click()
    assert.equal(await interval.inputValue(), '365')
    await interval.fill('90')
    await dialog().getByRole('button', { name: 'Save' }).click()
    await page.getByRole('main').getByText('90 days').waitFor()
  })

  it('say what a parameter takes in Chinese, too', async () => {
    const chinese = await desk.root({ language: 'zh' })
    await desk.go(chinese, '/ram/users?dialog=create')
    const name = chinese.getByLabel('登录名称')
    await name.fill('anna lind')
    await chinese
      .locator('.ant-form-item-explain-error')
      .getByText('1至64个字符，可包含字母、数字、.、_ 和 -。')
      .waitFor()
    await name.fill('a'.repeat(65))
    await chinese.getByText('最多 64 个字符。').waitFor()
    await chinese.context().close()
  })

  it('show what the service refuses at the field that it is about, until somebody changes it', async () => {
    await desk.visit(page, '/ram/users?dialog=create')
    const name = page.getByLabel('Logon Name')
    await name.fill('anna')
    await dialog().getByRole('button', { name: 'OK' }).click()
    const refusal = itemOf(name).getByRole('alert')
    await refusal.getByText('The user does already EXIST.').waitFor()
    await refusal.getByText('RequestId').waitFor()
    await refusal.getByRole('link').waitFor()
    assert.equal(await page.getByText('RequestId', { exact: true }).count(), 1, 'nowhere else')
    await name.fill('anna2')
    await page.getByText('The user does already EXIST.').waitFor({ state: 'hidden' })
    await dialog().getByRole('button', { name: 'OK' }).click()
    await page.getByRole('heading', { name: 'anna2' }).waitFor()
  })

  it('send once what is sent twice before the answer', async () => {
    const operations = called()
    await desk.visit(page, '/ram/users?dialog=create')
    await page.getByLabel('Logon Name').fill('otto')
    await dialog()
      .getByRole('button', { name: 'OK' })
      .evaluate((button: HTMLElement) => {
        button.click()
        button.click()
      })
    await page.getByRole('heading', { name: 'otto' }).waitFor()
    assert.deepEqual(
      operations.filter((one) => one === 'CreateUser'),
      ['CreateUser'],
    )
  })

  it('leave out rows that nobody filled', async () => {
    await desk.visit(page, '/cn-hangzhou/cryptography/encrypt')
    await page.getByLabel('Key', { exact: true }).fill('alias/taken')
    await page.keyboard.press('Escape')
    await page.getByLabel('Plaintext', { exact: true }).fill('x')
    await page.getByRole('button', { name: 'Add pair' }).click()
    await page.getByRole('button', { name: 'Add pair' }).click()
    await page.getByLabel('Name 2').fill('purpose')
    await page.getByRole('button', { name: 'Encrypt' }).click()
    await page.getByRole('region', { name: 'Result' }).getByText('Ciphertext', { exact: true }).waitFor()
  })

  it('show below what is about no field', async () => {
    await desk.visit(page, '/cn-hangzhou/cryptography/encrypt')
    const field = page.getByLabel('Key', { exact: true })
    await field.fill('alias/nothing')
    await page.keyboard.press('Escape')
    await page.getByLabel('Plaintext', { exact: true }).fill('x')
    await page.getByRole('button', { name: 'Encrypt' }).click()
    await page.getByRole('alert').getByText('The specified Alias is not found.').waitFor()
    assert.equal(await itemOf(field).getByText('The specified Alias is not found.').count(), 0)
    const plaintext = page.getByLabel('Plaintext', { exact: true })
    await plaintext.fill('你'.repeat(2049))
    await itemOf(plaintext).getByText('At most 6,144 bytes.').waitFor()
    await page.getByText('The specified Alias is not found.').waitFor({ state: 'hidden' })
  })

  it('place the refusals of each operation that they call', async () => {
    await desk.visit(page, '/cn-hangzhou/keys/create')
    await page.getByRole('button', { name: 'Add tag' }).click()
    const key = page.getByLabel('Tag key 1')
    await key.fill('a b')
    await faultAt(key).getByText('“ ” is not allowed here.').waitFor()
    assert.deepEqual(await faultAt(key).allTextContents(), ['“ ” is not allowed here.'])
    await key.fill('aliyun:own')
    await page.getByText('is not allowed here.').waitFor({ state: 'hidden' })
    const alias = page.getByLabel('Alias Name')
    await alias.fill('ta ken')
    await faultAt(alias).getByText('alias/ followed by 1 to 255 letters, digits, _, / or -.').waitFor()
    await alias.fill('taken')
    await page.getByRole('button', { name: 'OK' }).click()
    await itemOf(key).getByText('no key starts with aliyun').first().waitFor()
    await key.fill('own')
    await page.getByRole('button', { name: 'OK' }).click()
    await itemOf(alias).getByText('AliasName Already Exists.').waitFor()
    await page.getByText('The key was created, but its alias or its deletion protection was not set.').first().waitFor()
  })

  it('place what is refused of a parameter of several fields at the field that it is about', async () => {
    const ram = { Version: '2015-05-01', UserName: 'deploy' }
    await desk.program.call('CreateUser', ram)
    const { AccessKeyId } = (await desk.program.call('CreateAccessKey', ram)).body.AccessKey
    await desk.visit(page, '/cn-hangzhou/secrets/create')
    await page.getByLabel('RAM: AccessKey of a user').check()
    const user = page.getByLabel('RAM User')
    const id = page.getByLabel('AccessKey ID', { exact: true })
    await user.fill('nobody')
    await page.keyboard.press('Escape')
    await id.fill('LTAI0000000000000000')
    await page.getByLabel('AccessKey Secret', { exact: true }).fill('anything')
    await page.getByRole('button', { name: 'OK' }).click()
    await itemOf(user).getByText('Forbidden.ResourceNotFound').waitFor()
    await user.fill('deploy')
    await page.keyboard.press('Escape')
    await page.waitForFunction(
      (given) => [...document.querySelectorAll('input')].some(({ value }) => value === given),
      AccessKeyId,
    )
    await id.fill('LTAI0000000000000000')
    await page.getByRole('button', { name: 'OK' }).click()
    await itemOf(id).getByText('with all AccessKeys of the RAM user').waitFor()
    await page.getByLabel('RDS: password in PostgreSQL').check()
    const instance = page.getByLabel('Instance', { exact: true })
    await page.getByLabel('Secret Name').fill('nowhere')
    await instance.fill('nowhere')
    await page.getByLabel('Account name', { exact: true }).fill('app')
    await page.getByLabel('Password', { exact: true }).fill('anything')
    await page.getByRole('button', { name: 'OK' }).click()
    await itemOf(instance).getByText('Forbidden.ResourceNotFound').waitFor()
  })

  it("keep to the operator's settings, and do nothing beyond them", async () => {
    const operations = called()
    const unused = (await desk.program.call('CreateKey')).body.KeyMetadata.KeyId
    await desk.visit(page, `/cn-hangzhou/keys/${unused}/details`)
    await page.getByRole('button', { name: 'Schedule Key Deletion' }).click()
    const days = page.getByLabel('Delete In (7-60 days)')
    assert.equal(await days.inputValue(), '30')
    await days.fill('61')
    await itemOf(days).getByText('A whole number from 7 to 60.').waitFor()
    await dialog().getByRole('button', { name: 'Schedule Key Deletion' }).click()
    await days.fill('60')
    await dialog().getByRole('button', { name: 'Schedule Key Deletion' }).click()
    await page.getByRole('heading', { name: `${unused} Pending Deletion` }).waitFor()
    assert.deepEqual(
      operations.filter((one) => one === 'ScheduleKeyDeletion'),
      ['ScheduleKeyDeletion'],
    )
  })

  it('begin with what is set, and save it within its limits', async () => {
    await desk.visit(page, '/ram/settings')
    const length = page.getByLabel('Password Length')
    assert.equal(await length.inputValue(), '8')
    await length.fill('33')
    await itemOf(length).getByText('A whole number from 8 to 32.').waitFor()
    await length.fill('12')
    await page.getByRole('region', { name: 'Password rule' }).getByRole('button', { name: 'Save' }).click()
    await page.getByRole('status').getByText('Saved').waitFor()
    await page.getByLabel('Idle users (days)').fill('100')
    const security = page.getByRole('region', { name: 'User security settings' })
    await security.getByRole('button', { name: 'Save' }).click()
    await security.getByRole('status').getByText('Saved').waitFor()
    const { SecurityPreference } = (await desk.program.call('GetSecurityPreference', { Version: '2019-08-15' })).body
    assert.equal(SecurityPreference.MaxIdleDays.MaxIdleDaysForUsers, 100)
    const alias = page.getByRole('textbox', { name: 'Account alias' })
    await alias.fill('a--b')
    await faultAt(alias).getByText('3 to 63 lower-case letters').waitFor()
    await alias.fill('orders')
    const ofAlias = page.getByRole('region', { name: 'Account alias' })
    await ofAlias.getByRole('button', { name: 'Save' }).click()
    await ofAlias.getByRole('status').getByText('Saved').waitFor()
    await ofAlias.getByRole('button', { name: 'Remove alias' }).click()
    await ofAlias.getByRole('button', { name: 'Remove alias' }).waitFor({ state: 'detached' })
    await until(async () => (await alias.inputValue()) === '')
    await desk.visit(page, '/ram/users/anna/authentication')
    await page.getByRole('button', { name: 'Enable Console Logon' }).click()
    const password = page.getByLabel('Password', { exact: true })
    await password.fill('Short-7')
    await dialog().getByRole('button', { name: 'OK' }).click()
    await itemOf(password).getByText('is not compliant with the password policy').waitFor()
  })

  it('say the limit of a policy document at its editor', async () => {
    const document = (action: string, resource: string) =>
      JSON.stringify({ Version: '1', Statement: [{ Effect: 'Allow', Action: action, Resource: resource }] })
    const policy = { PolicyName: 'orders', PolicyDocument: document('kms:Encrypt', '*') }
    await desk.program.call('CreatePolicy', { Version: '2015-05-01', ...policy })
    await desk.visit(page, '/ram/policies/Custom/orders/document')
    await page.getByRole('button', { name: 'Modify' }).click()
    const editor = page.getByRole('textbox', { name: 'Policy Document' })
    const write = async (text: string) => {
      await editor.click()
      await page.keyboard.press('Control+a')
      await page.keyboard.insertText(text)
    }
    await write(document('kms:Decrypt', 'x'.repeat(6144)))
    await itemOf(editor).getByText('At most 6,144 characters.').waitFor()
    await write(document('kms:Decrypt', '*'))
    await itemOf(editor).getByText('At most 6,144 characters.').waitFor({ state: 'hidden' })
    await page.locator('main button:enabled', { hasText: 'Save' }).click()
    await page.getByRole('region', { name: 'Policy Document v2' }).waitFor()
  })
})
