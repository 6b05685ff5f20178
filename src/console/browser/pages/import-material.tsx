import { useQuery } from '@tanstack/react-query'
import { Alert, Button, DatePicker, Form, Radio, Select, Steps } from 'antd'
import type { Dayjs } from 'dayjs'
import { useId, useState } from 'react'
import { Link, useParams } from 'react-router'
import { useRegion } from '../frame/region.ts'
import { FileField } from '../parts/file-field.tsx'
import { DownloadIcon } from '../parts/icons.tsx'
import { Copy } from '../parts/mono.tsx'
import { Page, Ready } from '../parts/page.tsx'
import { Refused } from '../parts/refused.tsx'
import { call } from '../service/call.ts'
import { download } from '../service/download.ts'
import { paths } from '../service/paths.ts'
import { useChange, useReply } from '../service/queries.ts'
import type { KeyMetadata } from '../service/replies.ts'
import { ALGORITHMS, type Algorithm, materialOf, opensslLines, WEB_CRYPTO_HASHES, wrap } from '../service/wrapping.ts'
import { useCommon, useDates, useTexts } from '../texts/language.tsx'
import { importTexts } from './import-material.texts.ts'

interface Choice {
  readonly way: 'browser' | 'openssl'
  readonly algorithm: Algorithm
  readonly until?: Dayjs | null
  readonly expires: 'never' | 'date'
}

interface ImportParameters {
  readonly PublicKey: string
  readonly ImportToken: string
  readonly TokenExpireTime: string
}

const INITIAL: Choice = { way: 'browser', algorithm: 'RSAES_OAEP_SHA_256', expires: 'never' }

export default function ImportMaterialPage() {
  const say = useTexts(importTexts)
  const common = useCommon()
  const region = useRegion()
  const { keyId = '' } = useParams()
  const [choice, setChoice] = useState<Choice | null>(null)
  const [done, setDone] = useState(false)
  const key = useReply<{ KeyMetadata: KeyMetadata }>('Kms', 'DescribeKey', { KeyId: keyId })
  return (
    <Page
      crumbs={[
        { label: common('nav.keys'), to: paths.keys(region) },
        { label: key.data?.KeyMetadata.KeyId ?? keyId, to: paths.key(region, keyId, 'material') },
      ]}
      lead={say('lead')}
      name={say('title')}
      title={say('title')}
    >
      <Ready of={key}>
        {() => (
          <div className="form-page">
            <Steps
              current={done ? 2 : choice ? 1 : 0}
              items={[{ title: say('step.way') }, { title: say('step.wrap') }, { title: say('step.import') }]}
              size="small"
            />
            {done ? (
              <Alert
                action={<Link to={paths.key(region, keyId)}>{say('open.key')}</Link>}
                role="status"
                showIcon
                title={say('done')}
                type="success"
              />
            ) : choice === null ? (
              <Way next={setChoice} />
            ) : (
              <Wrap back={() => setChoice(null)} choice={choice} done={() => setDone(true)} keyId={keyId} />
            )}
          </div>
        )}
      </Ready>
    </Page>
  )
}

function Way({ next }: { readonly next: (choice: Choice) => void }) {
  const say = useTexts(importTexts)
  const common = useCommon()
  const [form] = Form.useForm<Choice>()
  const way = Form.useWatch('way', form) ?? INITIAL.way
  const expires = Form.useWatch('expires', form) ?? INITIAL.expires
  const canWrap = window.isSecureContext
  return (
    <Form<Choice>
      form={form}
      initialValues={canWrap ? INITIAL : { ...INITIAL, way: 'openssl' }}
      layout="vertical"
      onFinish={next}
      requiredMark={false}
    >
      <Form.Item extra={canWrap ? undefined : say('insecure')} label={say('way')} name="way">
        <Radio.Group className="choices">
          <Radio disabled={!canWrap} value="browser">
            {say('way.browser')}
            <small>{say('way.browser.help')}</small>
          </Radio>
          <Radio value="openssl">
            {say('way.openssl')}
            <small>{say('way.openssl.help')}</small>
          </Radio>
        </Radio.Group>
      </Form.Item>
      <Form.Item label={say('algorithm')} name="algorithm">
        <Select
          options={ALGORITHMS.map((value) => {
            const isForBrowser = WEB_CRYPTO_HASHES[value] !== null
            return {
              value,
              label: isForBrowser ? value : say('algorithm.openssl-only', { name: value }),
              disabled: way === 'browser' && !isForBrowser,
            }
          })}
        />
      </Form.Item>
      <Form.Item extra={say('until.help')} label={say('until')} name="expires">
        <Radio.Group
          options={[
            { value: 'never', label: say('until.never') },
            { value: 'date', label: say('until.date') },
          ]}
        />
      </Form.Item>
      {expires === 'date' && (
        <Form.Item
          label={say('until.date')}
          name="until"
          rules={[
            {
              validator: async (_, moment: Dayjs | null | undefined) => {
                if (!moment || moment.valueOf() <= Date.now()) throw new Error(say('until.missing'))
              },
            },
          ]}
        >
          <DatePicker format="YYYY-MM-DD HH:mm:ss" showTime />
        </Form.Item>
      )}
      <div className="form-foot">
        <Button htmlType="submit" type="primary">
          {common('do.next')}
        </Button>
      </div>
    </Form>
  )
}

interface WrapProps {
  readonly keyId: string
  readonly choice: Choice
  readonly back: () => void
  readonly done: () => void
}

function Wrap({ keyId, choice, back, done }: WrapProps) {
  const region = useRegion()
  const once = useId()
  // Public key and token belong together: what was shown is never replaced while the reader works with it.
  const parameters = useQuery({
    queryKey: [region, 'import-parameters', keyId, choice.algorithm, once],
    queryFn: ({ signal }) =>
      call<ImportParameters>(
        'Kms',
        'GetParametersForImport',
        region,
        { KeyId: keyId, WrappingAlgorithm: choice.algorithm, WrappingKeySpec: 'RSA_2048' },
        signal,
      ),
    gcTime: 0,
    staleTime: 'static',
  })
  const importing = useChange(({ material, token }: { material: string; token: string }, region) =>
    call('Kms', 'ImportKeyMaterial', region, {
      KeyId: keyId,
      EncryptedKeyMaterial: material,
      ImportToken: token,
      ...(choice.expires === 'date' && choice.until ? { KeyMaterialExpireUnix: choice.until.unix() } : {}),
    }),
  )
  const send = async (material: string, token: string) => {
    await importing.mutateAsync({ material, token })
    done()
  }
  const Form = choice.way === 'browser' ? InBrowser : WithOpenssl
  return (
    <Ready of={parameters}>
      {() =>
        parameters.data && <Form back={back} choice={choice} keyId={keyId} parameters={parameters.data} send={send} />
      }
    </Ready>
  )
}

interface FormProps {
  readonly keyId: string
  readonly choice: Choice
  readonly parameters: ImportParameters
  readonly back: () => void
  readonly send: (material: string, token: string) => Promise<void>
}

/** Runs what the last button of the wizard does, and keeps what was refused. */
function useSending() {
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState(false)
  const run = async (work: () => Promise<void>) => {
    setBusy(true)
    setError(null)
    try {
      await work()
    } catch (thrown) {
      setError(thrown as Error)
      setBusy(false)
    }
  }
  return { error, busy, run }
}

function InBrowser({ choice, parameters, back, send }: FormProps) {
  const say = useTexts(importTexts)
  const common = useCommon()
  const [file, setFile] = useState<File | null>(null)
  const [written, setWritten] = useState<'raw' | 'hex' | 'base64' | 'wrong' | null>(null)
  const { error, busy, run } = useSending()
  const choose = async (chosen: File) => {
    setFile(chosen)
    const material = materialOf(await chosen.slice(0, 1024).arrayBuffer())
    setWritten(material && chosen.size <= 1024 ? material.written : 'wrong')
    material?.bytes.fill(0)
  }
  const go = () =>
    run(async () => {
      const material = file && materialOf(await file.arrayBuffer())
      if (!material) return setWritten('wrong')
      try {
        const wrapped = await wrap(
          material.bytes,
          parameters.PublicKey,
          WEB_CRYPTO_HASHES[choice.algorithm] ?? 'SHA-256',
        )
        await send(wrapped, parameters.ImportToken)
      } finally {
        material.bytes.fill(0)
      }
    })
  return (
    <>
      <FileField
        choose={say('file.choose')}
        help={written && written !== 'wrong' ? say(`file.${written}`) : say('file.help')}
        label={say('file')}
        name={file?.name ?? null}
        onFile={(chosen) => void choose(chosen)}
        wrong={written === 'wrong' ? say('file.wrong') : null}
      />
      <Refused error={error} />
      <div className="form-foot">
        <Button disabled={!written || written === 'wrong'} loading={busy} onClick={() => void go()} type="primary">
          {say('wrap.do')}
        </Button>
        <Button onClick={back}>{common('do.back')}</Button>
      </div>
    </>
  )
}

function WithOpenssl({ keyId, choice, parameters, back, send }: FormProps) {
  const say = useTexts(importTexts)
  const common = useCommon()
  const dates = useDates()
  const [material, setMaterial] = useState<File | null>(null)
  const [token, setToken] = useState<File | null>(null)
  const { error, busy, run } = useSending()
  const names = {
    key: `PublicKey_${keyId}_${choice.algorithm}.base64.txt`,
    token: `ImportToken_${keyId}_${choice.algorithm}.base64.txt`,
  }
  const go = () => run(async () => send(await textOf(material), await textOf(token)))
  return (
    <>
      <p>{say('download.help', { date: dates.full(parameters.TokenExpireTime) })}</p>
      <div className="row-actions">
        <Button icon={<DownloadIcon />} onClick={() => download(names.key, parameters.PublicKey)}>
          {say('download.key')}
        </Button>
        <Button icon={<DownloadIcon />} onClick={() => download(names.token, parameters.ImportToken)}>
          {say('download.token')}
        </Button>
      </div>
      <p>{say('lines')}</p>
      <Lines
        of={[
          `openssl rand -out material.bin 32   # ${say('lines.make')}`,
          ...opensslLines(choice.algorithm, names.key),
        ]}
      />
      <FileField
        choose={say('file.choose')}
        help={say('upload.help')}
        label={say('upload.material')}
        name={material?.name ?? null}
        onFile={setMaterial}
      />
      <FileField choose={say('file.choose')} label={say('upload.token')} name={token?.name ?? null} onFile={setToken} />
      <Refused error={error} />
      <div className="form-foot">
        <Button disabled={!material || !token} loading={busy} onClick={() => void go()} type="primary">
          {common('do.ok')}
        </Button>
        <Button onClick={back}>{common('do.back')}</Button>
      </div>
    </>
  )
}

/** Base64 as tools write it, lines or not. */
async function textOf(file: File | null): Promise<string> {
  return ((await file?.slice(0, 65_536).text()) ?? '').replace(/\s+/g, '')
}

function Lines({ of }: { readonly of: readonly string[] }) {
  const text = of.join('\n')
  return (
    <div className="command-box">
      <pre className="command">{text}</pre>
      <Copy label="openssl" text={text} />
    </div>
  )
}
