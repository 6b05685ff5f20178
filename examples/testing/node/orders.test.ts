// A program that encrypts, tested with `node:test` on a server of its own, through the official SDK.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import Core from '@alicloud/pop-core'
import { type Strongroom, startStrongroom } from 'strongroom/testing'

interface Reply {
  readonly KeyMetadata: { readonly KeyId: string }
  readonly CiphertextBlob: string
  readonly Plaintext: string
}

describe('orders', () => {
  let strongroom: Strongroom
  let kms: Core
  before(async () => {
    strongroom = await startStrongroom()
    kms = new Core({ ...strongroom.credentials, endpoint: strongroom.endpoint, apiVersion: '2016-01-20' })
  })
  after(() => strongroom.stop())
  const call = (action: string, parameters = {}) => kms.request<Reply>(action, parameters, { method: 'POST' })

  it('come out as they went in', async () => {
    const { KeyId } = (await call('CreateKey')).KeyMetadata
    const { CiphertextBlob } = await call('Encrypt', { KeyId, Plaintext: 'four apples' })
    assert.equal((await call('Decrypt', { CiphertextBlob })).Plaintext, 'four apples')
  })

  it('are lost with their key', async () => {
    const { KeyId } = (await call('CreateKey')).KeyMetadata
    const { CiphertextBlob } = await call('Encrypt', { KeyId, Plaintext: 'four apples' })
    await call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
    await strongroom.advance('7d')
    await assert.rejects(call('Decrypt', { CiphertextBlob }), { code: 'Forbidden.KeyNotFound' })
  })
})
