// The console over plain HTTP from another machine, where browsers keep the clipboard from pages.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { until } from '../../until.ts'
import { ELSEWHERE } from './chromium.ts'
import { Desk } from './desk.ts'

describe('the console over plain HTTP from another machine', () => {
  let desk: Desk
  before(async () => {
    desk = await Desk.open()
  })
  after(async () => desk[Symbol.asyncDispose]())

  it('copies all the same', async () => {
    const { KeyId } = (await desk.program.call('CreateKey')).body.KeyMetadata
    const page = await (await desk.browser.newContext({ locale: 'en-GB' })).newPage()
    const console = desk.console.replace('127.0.0.1', ELSEWHERE)
    await page.goto(console)
    assert.equal(await page.evaluate(() => window.isSecureContext), false)
    const { accessKeyId: AccessKeyId, accessKeySecret: AccessKeySecret } = desk.program.credentials
    const status = await page.evaluate(async (body) => {
      const headers = { 'X-Strongroom-Console': '1', 'Content-Type': 'application/json' }
      return (await fetch('/console/session', { method: 'POST', headers, body })).status
    }, JSON.stringify({ AccessKeyId, AccessKeySecret }))
    assert.equal(status, 200)
    await page.goto(`${console}/cn-hangzhou/keys`)
    await page.getByRole('button', { name: `Copy ${KeyId}` }).click()
    const field = page.getByRole('main').getByRole('textbox').first()
    await field.click()
    await page.keyboard.press('Control+V')
    await until(async () => (await field.inputValue()) === KeyId)
  })
})
