// The forms of the operations to try by hand.
import { Form, Switch } from 'antd'
import type { Pair } from '../../parts/pair-rows.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { call } from '../../service/call.ts'
import { fromBase64 } from '../../service/wrapping.ts'
import { useTexts } from '../../texts/language.tsx'
import { cryptographyTexts } from '../cryptography.texts.ts'
import { Ciphertext, PlaintextField, plaintextOf, type Writing } from './fields.tsx'
import { KeyField, useKeyInAddress } from './key-field.tsx'
import { contextOf, Operation, withoutBlanks } from './operation.tsx'

interface WithContext {
  readonly EncryptionContext?: readonly Pair[]
}

interface ToEncrypt extends WithContext {
  readonly KeyId: string
  readonly Plaintext: string
  readonly as: Writing
}

export function Encrypt() {
  const say = useTexts(cryptographyTexts)
  return (
    <Operation<ToEncrypt>
      action={() => 'kms:Encrypt'}
      initial={{ as: 'text', KeyId: useKeyInAddress() }}
      of="Kms.Encrypt"
      run={({ KeyId, Plaintext, as, EncryptionContext }, region) =>
        call('Kms', 'Encrypt', region, {
          KeyId: KeyId.trim(),
          Plaintext: plaintextOf(as, Plaintext),
          EncryptionContext: contextOf(EncryptionContext),
        })
      }
      verb={say('encrypt')}
    >
      <KeyField label={say('key')} name="KeyId" />
      <PlaintextField
        help={({ MaxBytes: count = 0 }) => say('plaintext.help', { count })}
        sent={(as, typed) => (as === 'text' ? typed : decoded(typed))}
      />
    </Operation>
  )
}

/** The decoded bytes of Base64. Like the service, takes any other value as text. */
function decoded(typed: string): Uint8Array | string {
  try {
    return fromBase64(typed.trim())
  } catch {
    return typed
  }
}

function CiphertextField() {
  const say = useTexts(cryptographyTexts)
  return (
    <ParameterField extra={say('decrypt.help')} label={say('ciphertext')} name="CiphertextBlob" sent={withoutBlanks}>
      <Ciphertext />
    </ParameterField>
  )
}

interface ToDecrypt extends WithContext {
  readonly CiphertextBlob: string
}

export function Decrypt() {
  const say = useTexts(cryptographyTexts)
  return (
    <Operation<ToDecrypt>
      of="Kms.Decrypt"
      run={({ CiphertextBlob, EncryptionContext }, region) =>
        call('Kms', 'Decrypt', region, {
          CiphertextBlob: withoutBlanks(CiphertextBlob),
          EncryptionContext: contextOf(EncryptionContext),
        })
      }
      verb={say('decrypt')}
    >
      <CiphertextField />
    </Operation>
  )
}

interface ToGenerate extends WithContext {
  readonly KeyId: string
  readonly KeySpec: 'AES_256' | 'AES_128'
  readonly plain?: boolean
}

export function DataKey() {
  const say = useTexts(cryptographyTexts)
  return (
    <Operation<ToGenerate>
      action={({ plain }) => (plain ? 'kms:GenerateDataKey' : 'kms:GenerateDataKeyWithoutPlaintext')}
      initial={{ plain: true, KeyId: useKeyInAddress() }}
      of="Kms.GenerateDataKey"
      run={({ KeyId, KeySpec, plain, EncryptionContext }, region) =>
        call('Kms', plain ? 'GenerateDataKey' : 'GenerateDataKeyWithoutPlaintext', region, {
          KeyId: KeyId.trim(),
          KeySpec,
          EncryptionContext: contextOf(EncryptionContext),
        })
      }
      verb={say('generate')}
    >
      <KeyField label={say('key')} name="KeyId" />
      <ParameterField
        label={say('bytes')}
        labelOf={(spec) => say('bits', { bits: spec.replace('AES_', ''), spec })}
        name="KeySpec"
      />
      <Form.Item label={say('with-plaintext')} name="plain" required valuePropName="checked">
        <Switch />
      </Form.Item>
    </Operation>
  )
}

interface ToReEncrypt {
  readonly CiphertextBlob: string
  readonly DestinationKeyId: string
  readonly SourceEncryptionContext?: readonly Pair[]
}

export function ReEncrypt() {
  const say = useTexts(cryptographyTexts)
  return (
    <Operation<ToReEncrypt>
      action={() => 'kms:ReEncryptTo'}
      context="SourceEncryptionContext"
      initial={{ DestinationKeyId: useKeyInAddress() }}
      of="Kms.ReEncrypt"
      run={({ CiphertextBlob, DestinationKeyId, SourceEncryptionContext }, region) =>
        call('Kms', 'ReEncrypt', region, {
          CiphertextBlob: withoutBlanks(CiphertextBlob),
          DestinationKeyId: DestinationKeyId.trim(),
          SourceEncryptionContext: contextOf(SourceEncryptionContext),
          DestinationEncryptionContext: contextOf(SourceEncryptionContext),
        })
      }
      verb={say('reencrypt')}
    >
      <CiphertextField />
      <KeyField label={say('destination')} name="DestinationKeyId" />
    </Operation>
  )
}
