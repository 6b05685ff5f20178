// Histories of keys: of one whose material the service made, and of one with imported material.
import { wrap } from '../kms/byok.ts'
import { type Ask, type Subject, shown, tag } from './ask.ts'
import type { Setup } from './setup.ts'

/** One CMK: its state, description and a tag. */
export async function key({ must }: Setup): Promise<Subject> {
  const { KeyId } = (await must('CreateKey')).KeyMetadata
  const { CiphertextBlob } = await must('Encrypt', { KeyId, Plaintext: 'x' })
  const texts = ['one', 'two', 'three']
  return {
    about: `CMK ${KeyId}`,
    next: (pick) =>
      pick<() => Ask>([
        ...stateCalls(KeyId, CiphertextBlob),
        () => ({
          call: 'DescribeKey',
          parameters: { KeyId },
          shows: ({ KeyMetadata: { KeyState, Description } }) => shown(KeyState, Description),
        }),
        () => {
          const Description = pick(texts)
          return { call: 'UpdateKeyDescription', args: [Description], parameters: { KeyId, Description } }
        },
        () => {
          const value = pick(texts)
          return { call: 'TagResource', args: [value], parameters: { KeyId, Tags: tag('color', value) } }
        },
        () => ({ call: 'UntagResource', parameters: { KeyId, TagKeys: '["color"]' } }),
        () => ({
          call: 'ListResourceTags',
          parameters: { KeyId },
          shows: ({ Tags }) => shown(Tags.Tag[0]?.TagValue ?? ''),
        }),
      ])(),
  }
}

/** One CMK with imported material, which comes and goes. */
export async function material({ must }: Setup): Promise<Subject> {
  const { KeyId } = (await must('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata
  const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }
  const { PublicKey, ImportToken } = await must('GetParametersForImport', { KeyId, ...wrapping })
  const EncryptedKeyMaterial = wrap(PublicKey, 'RSAES_OAEP_SHA_256', Buffer.alloc(32, 7))
  const importing = { KeyId, ImportToken, EncryptedKeyMaterial }
  await must('ImportKeyMaterial', importing)
  const { CiphertextBlob } = await must('Encrypt', { KeyId, Plaintext: 'x' })
  return {
    about: `CMK ${KeyId} of origin EXTERNAL`,
    next: (pick) =>
      pick<() => Ask>([
        ...stateCalls(KeyId, CiphertextBlob),
        () => ({ call: 'ImportKeyMaterial', parameters: importing }),
        () => ({ call: 'ImportKeyMaterial', parameters: importing }),
        () => ({ call: 'DeleteKeyMaterial', parameters: { KeyId } }),
        () => ({
          call: 'DescribeKey',
          parameters: { KeyId },
          shows: ({ KeyMetadata: { KeyState } }) => shown(KeyState),
        }),
      ])(),
  }
}

/** The key is used as often as it changes, and comes back more often than it is put away. */
function stateCalls(KeyId: string, CiphertextBlob: string): (() => Ask)[] {
  return [
    () => ({ call: 'EnableKey', parameters: { KeyId } }),
    () => ({ call: 'DisableKey', parameters: { KeyId } }),
    () => ({ call: 'ScheduleKeyDeletion', parameters: { KeyId, PendingWindowInDays: '7' } }),
    () => ({ call: 'CancelKeyDeletion', parameters: { KeyId } }),
    () => ({ call: 'CancelKeyDeletion', parameters: { KeyId } }),
    () => ({ call: 'Encrypt', parameters: { KeyId, Plaintext: 'x' } }),
    () => ({ call: 'Encrypt', parameters: { KeyId, Plaintext: 'x' } }),
    () => ({ call: 'Decrypt', parameters: { CiphertextBlob } }),
  ]
}
