// Orders are lost with their key: the clock of the fixture's server is moved past its deletion.
import Core from '@alicloud/pop-core'
import { expect } from 'vitest'
import { test } from './strongroom.ts'

interface Reply {
  readonly KeyMetadata: { readonly KeyId: string }
  readonly CiphertextBlob: string
  readonly Plaintext: string
}

test('orders are lost with their key', async ({ strongroom }) => {
  const kms = new Core({ ...strongroom.credentials, endpoint: strongroom.endpoint, apiVersion: '2016-01-20' })
  const call = (action: string, parameters = {}) => kms.request<Reply>(action, parameters, { method: 'POST' })

  const { KeyId } = (await call('CreateKey')).KeyMetadata
  const { CiphertextBlob } = await call('Encrypt', { KeyId, Plaintext: 'four apples' })
  expect((await call('Decrypt', { CiphertextBlob })).Plaintext).toBe('four apples')

  await call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  await strongroom.advance('7d')
  await expect(call('Decrypt', { CiphertextBlob })).rejects.toMatchObject({ code: 'Forbidden.KeyNotFound' })
})
