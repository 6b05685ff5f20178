// The walk of the guide with a managed HSM: the region, Create Key, Protection Level HSM, and the level on both pages.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { makeToken, type TestToken } from '../../keystore/pkcs11/tokens.ts'
import { choose, Desk } from './desk.ts'

describe('a key of a managed HSM in the browser', () => {
  let token: TestToken
  let desk: Desk
  before(async () => {
    token = makeToken('SoftHSM2')
    desk = await Desk.open({ flags: token.flags, env: token.env })
  })
  after(async () => {
    await desk[Symbol.asyncDispose]()
    token[Symbol.dispose]()
  })

  it('is made in cn-hongkong, and says its Protection Level on Keys and Key Details', async () => {
    const page = await desk.root()
    await choose(page, 'Region', 'cn-hongkong · HSM')
    await page.getByRole('link', { name: 'Keys', exact: true }).click()
    await page.getByRole('button', { name: 'Create Key' }).first().click()
    await page.locator('label').getByText('HSM', { exact: true }).click()
    await page.getByLabel('Description').fill('In the device')
    await page.getByRole('button', { name: 'OK' }).click()
    const details = page.getByRole('region', { name: 'Key Details' })
    await details.getByText('HSM', { exact: true }).waitFor()
    await page.getByRole('link', { name: 'Keys', exact: true }).first().click()
    await page.getByRole('cell', { name: 'HSM', exact: true }).waitFor()
    assert.match(page.url(), /cn-hongkong\/keys$/)
    await page.getByRole('link', { name: 'Managed HSM' }).click()
    await page
      .getByRole('row', { name: /cn-hongkong/ })
      .getByText('Available')
      .waitFor()
    await page.getByText('Generate key pairs (EC_P256K)').waitFor()
    await page.getByText('Sign with RSA_PSS_SHA_256').waitFor()
    await page.getByText('Decrypt with RSAES_OAEP_SHA_256: it lacks CKM_RSA_PKCS_OAEP with SHA-256').waitFor()
    assert.deepEqual(desk.takeFaults(), [])
  })

  it('takes imported material by another algorithm, where the device lacks the usual one', async () => {
    const RegionId = 'cn-hongkong'
    const wanted = { RegionId, Origin: 'EXTERNAL', ProtectionLevel: 'HSM' }
    const { KeyId } = (await desk.program.call('CreateKey', wanted)).body.KeyMetadata
    const page = await desk.root()
    await desk.go(page, `/${RegionId}/keys/${KeyId}/import`)
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByRole('alert').getByText('choose another algorithm').waitFor()
    await page.getByRole('button', { name: 'Back' }).click()
    await choose(page, 'Wrapping Algorithm', 'RSAES_OAEP_SHA_1')
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByLabel('File with the key material').waitFor({ state: 'attached' })
    assert.deepEqual(desk.takeFaults(), [])
  })

  it('is not offered in a region without one, which says so', async () => {
    const page = await desk.root()
    await desk.go(page, '/us-east-1/keys/create')
    assert.ok(await page.getByRole('radio', { name: 'HSM' }).isDisabled())
    await page.getByText('This region has no HSM.').waitFor()
  })
})
