// Orders come out as they went in: the server is a container of its own.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import Core from '@alicloud/pop-core'
import { startStrongroom } from './strongroom.ts'

interface Reply {
  readonly KeyMetadata: { readonly KeyId: string }
  readonly CiphertextBlob: string
  readonly Plaintext: string
}

it('orders come out as they went in', async () => {
  await using strongroom = await startStrongroom()
  const kms = new Core({ ...strongroom.credentials, endpoint: strongroom.endpoint, apiVersion: '2016-01-20' })
  const call = (action: string, parameters = {}) => kms.request<Reply>(action, parameters, { method: 'POST' })

  const { KeyId } = (await call('CreateKey')).KeyMetadata
  const { CiphertextBlob } = await call('Encrypt', { KeyId, Plaintext: 'four apples' })
  assert.equal((await call('Decrypt', { CiphertextBlob })).Plaintext, 'four apples')
})
