// The operations that can be tried by hand, each with its form.
import { AutoComplete, Form, Input, Segmented, Select, Switch } from 'antd'
import type { Pair } from '../../parts/pair-rows.tsx'
import { call } from '../../service/call.ts'
import { toBase64 } from '../../service/wrapping.ts'
import { useTexts } from '../../texts/language.tsx'
import { cryptographyTexts } from '../cryptography.texts.ts'
import { contextOf, Operation, useKeyAliases } from './operation.tsx'

export function Encrypt() {
  const say = useTexts(cryptographyTexts)
  return (
    <Operation<{ key: string; plaintext: string; as: 'text' | 'base64'; context?: readonly Pair[] }>
      action={() => 'kms:Encrypt'}
      initial={{ as: 'text' }}
      run={({ key, plaintext, as, context }, region) =>
        call('Kms', 'Encrypt', region, {
          KeyId: key.trim(),
          Plaintext: as === 'text' ? toBase64(new TextEncoder().encode(plaintext)) : plaintext.trim(),
          EncryptionContext: contextOf(context),
        })
      }
      verb={say('encrypt')}
    >
      <KeyField label={say('key')} name="key" />
      <Form.Item label={say('plaintext.as')} name="as">
        <Segmented
          options={[
            { value: 'text', label: say('text') },
            { value: 'base64', label: say('base64') },
          ]}
        />
      </Form.Item>
      <Form.Item extra={say('plaintext.help')} label={say('plaintext')} name="plaintext" rules={[{ required: true }]}>
        <Input.TextArea autoComplete="off" rows={5} spellCheck={false} />
      </Form.Item>
    </Operation>
  )
}

function CiphertextField() {
  const say = useTexts(cryptographyTexts)
  return (
    <Form.Item extra={say('decrypt.help')} label={say('ciphertext')} name="ciphertext" rules={[{ required: true }]}>
      <Input.TextArea autoComplete="off" rows={5} className="mono" spellCheck={false} />
    </Form.Item>
  )
}

export function Decrypt() {
  const say = useTexts(cryptographyTexts)
  return (
    <Operation<{ ciphertext: string; context?: readonly Pair[] }>
      run={({ ciphertext, context }, region) =>
        call('Kms', 'Decrypt', region, {
          CiphertextBlob: ciphertext.replace(/\s+/g, ''),
          EncryptionContext: contextOf(context),
        })
      }
      verb={say('decrypt')}
    >
      <CiphertextField />
    </Operation>
  )
}

export function DataKey() {
  const say = useTexts(cryptographyTexts)
  return (
    <Operation<{ key: string; spec: string; plain?: boolean; context?: readonly Pair[] }>
      action={({ plain }) => (plain ? 'kms:GenerateDataKey' : 'kms:GenerateDataKeyWithoutPlaintext')}
      initial={{ spec: 'AES_256', plain: true }}
      run={({ key, spec, plain, context }, region) =>
        call('Kms', plain ? 'GenerateDataKey' : 'GenerateDataKeyWithoutPlaintext', region, {
          KeyId: key.trim(),
          KeySpec: spec,
          EncryptionContext: contextOf(context),
        })
      }
      verb={say('generate')}
    >
      <KeyField label={say('key')} name="key" />
      <Form.Item label={say('bytes')} name="spec">
        <Select
          options={[
            { value: 'AES_256', label: say('bytes.256') },
            { value: 'AES_128', label: say('bytes.128') },
          ]}
        />
      </Form.Item>
      <Form.Item label={say('with-plaintext')} name="plain" valuePropName="checked">
        <Switch />
      </Form.Item>
    </Operation>
  )
}

export function ReEncrypt() {
  const say = useTexts(cryptographyTexts)
  return (
    <Operation<{ ciphertext: string; key: string; context?: readonly Pair[] }>
      action={() => 'kms:ReEncryptTo'}
      run={({ ciphertext, key, context }, region) =>
        call('Kms', 'ReEncrypt', region, {
          CiphertextBlob: ciphertext.replace(/\s+/g, ''),
          DestinationKeyId: key.trim(),
          SourceEncryptionContext: contextOf(context),
          DestinationEncryptionContext: contextOf(context),
        })
      }
      verb={say('reencrypt')}
    >
      <CiphertextField />
      <KeyField label={say('destination')} name="key" />
    </Operation>
  )
}

/** A key by its ID or alias; the aliases of the region are offered. */
function KeyField({ name, label }: { readonly name: string; readonly label: string }) {
  const say = useTexts(cryptographyTexts)
  const aliases = useKeyAliases()
  return (
    <Form.Item extra={say('key.help')} label={label} name={name} rules={[{ required: true }]}>
      <AutoComplete
        options={aliases.map(({ AliasName }) => ({ value: AliasName }))}
        showSearch={{ filterOption: (typed, option) => option?.value.includes(typed) === true }}
      />
    </Form.Item>
  )
}
