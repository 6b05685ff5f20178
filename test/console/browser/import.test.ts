// Key material of one's own, both ways: wrapped by the browser, and by real OpenSSL with the lines that the page shows.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { removeFolder, temporaryFolder } from '../../acceptance/program.ts'
import { choose, Desk } from './desk.ts'

describe('importing key material in the browser', () => {
  const folder = temporaryFolder()
  const material = join(folder, 'material.bin')
  writeFileSync(material, randomBytes(32))
  let desk: Desk
  let page: Page
  before(async () => {
    desk = await Desk.open()
    page = await desk.root()
  })
  after(async () => {
    await desk[Symbol.asyncDispose]()
    removeFolder(folder)
  })
  afterEach(() => assert.deepEqual(desk.takeFaults(), []))

  it('begins with a key without material, whose implications are understood', async () => {
    await desk.go(page, '/cn-hangzhou/keys/create')
    await page.getByLabel('Alias Name').fill('alias/own')
    await page.getByRole('button', { name: 'Advanced' }).click()
    await page.getByLabel('External', { exact: true }).check()
    await page.getByRole('button', { name: 'OK' }).click()
    await page.getByText('Select this to create an external key.').waitFor()
    await page.getByLabel('I understand the implications of using the external key materials').check()
    await page.getByRole('button', { name: 'OK' }).click()
    await page.getByRole('heading', { name: 'own Pending Import' }).waitFor()
  })

  it('takes only a file of 32 bytes, and sends it wrapped', async () => {
    const sent: string[] = []
    page.on('request', (request) => sent.push(request.postData() ?? ''))
    await page.getByRole('button', { name: 'Import Key Material' }).click()
    await page.getByRole('button', { name: 'Next' }).click()
    const wrong = join(folder, 'wrong.txt')
    writeFileSync(wrong, 'not a key')
    await page.getByLabel('File with the key material').setInputFiles(wrong)
    await page.getByRole('alert').getByText('This file does not contain 32 bytes').waitFor()
    assert.ok(await page.getByRole('button', { name: 'Wrap and import' }).isDisabled())
    await page.getByLabel('File with the key material').setInputFiles(material)
    await page.getByText('material.bin: 32 bytes').waitFor()
    await page.getByRole('button', { name: 'Wrap and import' }).click()
    await page.getByRole('status').getByText('The key is Enabled').waitFor()
    assert.ok(sent.some((body) => body.includes('EncryptedKeyMaterial')))
    const bytes = readFileSync(material)
    for (const form of [bytes.toString('base64'), bytes.toString('hex')])
      assert.ok(!sent.some((body) => body.includes(form)), 'the material never leaves the page')
    await page.getByRole('link', { name: 'Open the key' }).click()
    await page.getByRole('heading', { name: 'own Enabled' }).waitFor()
  })

  it('deletes the material, after saying what follows', async () => {
    const encrypted = await desk.program.call('Encrypt', { KeyId: 'alias/own', Plaintext: 'aGVsbG8=' })
    assert.equal(encrypted.status, 200)
    await page.getByRole('link', { name: 'Key Material' }).click()
    await page.getByRole('button', { name: 'Delete Key Material' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Only exactly the same material can be imported again.').waitFor()
    await dialog.getByRole('button', { name: 'Delete Key Material' }).click()
    await page.getByRole('heading', { name: 'own Pending Import' }).waitFor()
  })

  for (const algorithm of ['RSAES_PKCS1_V1_5', 'RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'])
    it(`takes the same material again, wrapped by OpenSSL with ${algorithm}`, async () => {
      await page.getByRole('button', { name: /^Import/ }).click()
      await page.getByLabel(/^I wrap it elsewhere/).check()
      await choose(
        page,
        'Wrapping Algorithm',
        algorithm === 'RSAES_PKCS1_V1_5' ? `${algorithm} (OpenSSL only)` : algorithm,
      )
      await page.getByRole('button', { name: 'Next' }).click()
      for (const name of ['Public Key', 'Import Token']) {
        const [file] = await Promise.all([
          page.waitForEvent('download'),
          page.getByRole('button', { name: `Download ${name}` }).click(),
        ])
        await file.saveAs(join(folder, file.suggestedFilename()))
      }
      const lines = ((await page.getByText('openssl pkeyutl').textContent()) ?? '')
        .split('\n')
        .filter((line) => !/ rand /.test(line))
      assert.equal(lines.length, 3)
      for (const line of lines) execFileSync('sh', ['-c', line], { cwd: folder })
      await page.getByLabel('Encrypted Key Material').setInputFiles(join(folder, 'EncryptedKeyMaterial_base64.txt'))
      const [, id = ''] = /keys\/([^/]+)\/import/.exec(page.url()) ?? []
      await page.getByLabel('Import Token').setInputFiles(join(folder, `ImportToken_${id}_${algorithm}.base64.txt`))
      await page.getByRole('button', { name: 'OK', exact: true }).click()
      await page.getByRole('status').getByText('The key is Enabled').waitFor()
      await page.getByRole('link', { name: 'Open the key' }).click()
      await page.getByRole('link', { name: 'Key Material' }).click()
    })

  it('refuses other material, and says so with RequestId and advice', async () => {
    const other = join(folder, 'other.hex')
    writeFileSync(other, `${randomBytes(32).toString('hex')}\n`)
    await page.getByRole('button', { name: /^Import again/ }).click()
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByLabel('File with the key material').setInputFiles(other)
    await page.getByText('other.hex: 32 bytes in hex').waitFor()
    await page.getByRole('button', { name: 'Wrap and import' }).click()
    const refusal = page.getByRole('alert')
    await refusal.getByText('RequestId').waitFor()
    await refusal.getByRole('link').waitFor()
  })
})
