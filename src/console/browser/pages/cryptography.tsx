import { useMutation } from '@tanstack/react-query'
import { AutoComplete, Button, Form, Input, Segmented, Select, Switch } from 'antd'
import { type ReactNode, useState } from 'react'
import { useParams } from 'react-router'
import { useRegion } from '../frame/region.ts'
import { DeleteIcon, PlusIcon } from '../parts/icons.tsx'
import { Copy, Mono } from '../parts/mono.tsx'
import { Facts, Page, Section } from '../parts/page.tsx'
import { Refused } from '../parts/refused.tsx'
import { TabLinks } from '../parts/tab-links.tsx'
import { call } from '../service/call.ts'
import { paths } from '../service/paths.ts'
import { useReply } from '../service/queries.ts'
import type { Aliases } from '../service/replies.ts'
import { fromBase64, toBase64 } from '../service/wrapping.ts'
import { useCommon, useTexts } from '../texts/language.tsx'
import { cryptographyTexts } from './cryptography.texts.ts'

interface Result {
  readonly KeyId?: string
  readonly KeyVersionId?: string
  readonly CiphertextBlob?: string
  readonly Plaintext?: string
}

interface Pair {
  readonly name?: string
  readonly value?: string
}

function contextOf(pairs: readonly Pair[] | undefined): string | undefined {
  const given = (pairs ?? []).filter(({ name }) => name)
  return given.length > 0
    ? JSON.stringify(Object.fromEntries(given.map(({ name, value = '' }) => [name, value])))
    : undefined
}

export default function CryptographyPage() {
  const say = useTexts(cryptographyTexts)
  const common = useCommon()
  const region = useRegion()
  const { tab = 'encrypt' } = useParams()
  return (
    <Page lead={say('lead')} name={common('nav.cryptography')} title={common('nav.cryptography')}>
      <TabLinks
        at={tab}
        label={common('nav.cryptography')}
        tabs={[
          { key: 'encrypt', label: say('encrypt'), content: () => <Encrypt /> },
          { key: 'decrypt', label: say('decrypt'), content: () => <Decrypt /> },
          { key: 'data-key', label: say('data'), content: () => <DataKey /> },
          { key: 're-encrypt', label: say('reencrypt'), content: () => <ReEncrypt /> },
        ]}
        to={(next) => paths.cryptography(region, next)}
      />
    </Page>
  )
}

/** The form of an operation beside its result, which lives as long as the page. */
function Operation<T extends object>({
  run,
  verb,
  initial,
  children,
}: {
  readonly run: (values: T, region: string) => Promise<Result>
  readonly verb: string
  readonly initial?: Partial<T>
  readonly children: ReactNode
}) {
  const say = useTexts(cryptographyTexts)
  const region = useRegion()
  const { mutate, data, error, isPending } = useMutation<Result, Error, T>({
    mutationFn: (values) => run(values, region),
    gcTime: 0,
  })
  return (
    <div className="columns">
      <Form<T>
        initialValues={initial ?? {}}
        layout="vertical"
        onFinish={(values) => mutate(values)}
        requiredMark="optional"
      >
        {children}
        <Form.Item label={say('context')} extra={say('context.help')}>
          <Context />
        </Form.Item>
        <Button htmlType="submit" loading={isPending} type="primary">
          {verb}
        </Button>
      </Form>
      <div aria-live="polite">
        <Refused error={error} />
        {data && !error && <ResultView result={data} />}
      </div>
    </div>
  )
}

function Encrypt() {
  const say = useTexts(cryptographyTexts)
  return (
    <Operation<{ key: string; plaintext: string; as: 'text' | 'base64'; context?: readonly Pair[] }>
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

function Decrypt() {
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

function DataKey() {
  const say = useTexts(cryptographyTexts)
  return (
    <Operation<{ key: string; spec: string; plain?: boolean; context?: readonly Pair[] }>
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

function ReEncrypt() {
  const say = useTexts(cryptographyTexts)
  return (
    <Operation<{ ciphertext: string; key: string; context?: readonly Pair[] }>
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
  const aliases = useReply<Aliases>('Kms', 'ListAliases', { PageSize: 100 })
  return (
    <Form.Item extra={say('key.help')} label={label} name={name} rules={[{ required: true }]}>
      <AutoComplete
        options={(aliases.data?.Aliases.Alias ?? []).map(({ AliasName }) => ({ value: AliasName }))}
        showSearch={{ filterOption: (typed, option) => option?.value.includes(typed) === true }}
      />
    </Form.Item>
  )
}

function Context() {
  const say = useTexts(cryptographyTexts)
  return (
    <Form.List name="context">
      {(fields, { add, remove }) => (
        <>
          {fields.map(({ key, name }) => (
            <div className="tag-row" key={key}>
              <Form.Item name={[name, 'name']} noStyle>
                <Input aria-label={say('context.key', { number: name + 1 })} />
              </Form.Item>
              <Form.Item name={[name, 'value']} noStyle>
                <Input aria-label={say('context.value', { number: name + 1 })} />
              </Form.Item>
              <Button
                aria-label={say('context.remove', { number: name + 1 })}
                icon={<DeleteIcon />}
                onClick={() => remove(name)}
                type="text"
              />
            </div>
          ))}
          <Button icon={<PlusIcon />} onClick={() => add()} size="small" type="dashed">
            {say('context.add')}
          </Button>
        </>
      )}
    </Form.List>
  )
}

function ResultView({ result }: { readonly result: Result }) {
  const say = useTexts(cryptographyTexts)
  return (
    <Section title={say('result')}>
      {result.CiphertextBlob && (
        <>
          <strong>{say('ciphertext')}</strong>
          <div className="command-box">
            <pre className="command">{result.CiphertextBlob}</pre>
            <Copy label={say('ciphertext')} text={result.CiphertextBlob} />
          </div>
        </>
      )}
      {result.Plaintext !== undefined && <Plaintext base64={result.Plaintext} />}
      <Facts
        of={[
          [say('result.key'), result.KeyId ? <Mono key="key" text={result.KeyId} /> : undefined],
          [say('result.version'), result.KeyVersionId ? <Mono key="version" text={result.KeyVersionId} /> : undefined],
        ]}
      />
    </Section>
  )
}

/** Hidden until it is asked for; copied without being shown. Text where it is UTF-8, hex otherwise. */
function Plaintext({ base64 }: { readonly base64: string }) {
  const say = useTexts(cryptographyTexts)
  const common = useCommon()
  const bytes = fromBase64(base64)
  const text = textOf(bytes)
  const [as, setAs] = useState<'text' | 'hex' | 'base64'>(text === null ? 'hex' : 'text')
  const [open, setOpen] = useState(false)
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  const written = { text: text ?? hex, hex, base64 }[as]
  return (
    <div className="plaintext">
      <div className="row-actions">
        <strong>{say('plaintext')}</strong>
        <Segmented
          onChange={setAs}
          options={[
            ...(text === null ? [] : [{ value: 'text' as const, label: say('text') }]),
            { value: 'hex' as const, label: say('hex') },
            { value: 'base64' as const, label: say('base64') },
          ]}
          size="small"
          value={as}
        />
        <Button onClick={() => setOpen(!open)} size="small">
          {common(open ? 'do.hide' : 'do.show')}
        </Button>
      </div>
      <div className="command-box">
        <pre className="command">{open ? written : say('hidden', { count: bytes.length })}</pre>
        <Copy label={say('plaintext')} text={written} />
      </div>
    </div>
  )
}

function textOf(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    return /[\u0000-\u0008\u000e-\u001f]/.test(text) ? null : text
  } catch {
    return null
  }
}
