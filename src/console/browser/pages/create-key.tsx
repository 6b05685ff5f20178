import { Alert, Button, Checkbox, Collapse, Form, Input, InputNumber, Radio, Select, Switch } from 'antd'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { useRegion } from '../frame/region.ts'
import { Do } from '../parts/allowed.tsx'
import { DeleteIcon, PlusIcon } from '../parts/icons.tsx'
import { Page } from '../parts/page.tsx'
import { Refused } from '../parts/refused.tsx'
import { useArns } from '../service/arns.ts'
import { call } from '../service/call.ts'
import { paths } from '../service/paths.ts'
import { useChange, useMay } from '../service/queries.ts'
import type { KeyMetadata } from '../service/replies.ts'
import { useSession } from '../service/session.tsx'
import { useCommon, useTexts } from '../texts/language.tsx'
import { createKeyTexts } from './create-key.texts.ts'

interface Values {
  readonly ProtectionLevel: 'SOFTWARE' | 'HSM'
  readonly alias?: string
  readonly Description?: string
  readonly tags?: readonly { readonly TagKey: string; readonly TagValue?: string }[]
  readonly rotation: string
  readonly days?: number
  readonly Origin: 'Aliyun_KMS' | 'EXTERNAL'
  readonly understand?: boolean
  readonly protection?: boolean
}

const PERIODS = [30, 90, 180, 365]

/** The alias as the API has it, typed with or without its prefix. */
function aliasName(typed: string): string {
  return `alias/${typed.trim().replace(/^alias\//, '')}`
}

export default function CreateKeyPage() {
  const say = useTexts(createKeyTexts)
  const common = useCommon()
  const region = useRegion()
  const arns = useArns()
  const navigate = useNavigate()
  const { Regions } = useSession()
  const hasHsm = Regions.find(({ Id }) => Id === region)?.Hsm === true
  const [form] = Form.useForm<Values>()
  const origin = Form.useWatch('Origin', form) ?? 'Aliyun_KMS'
  const rotation = Form.useWatch('rotation', form) ?? 'off'
  const alias = Form.useWatch('alias', form) ?? ''
  const [made, setMade] = useState<string | null>(null)
  const resource = arns.kms('key')
  const may = useMay([{ Action: 'kms:CreateKey', Resource: resource }])
  const create = useChange(async (values: Values) => {
    const isExternal = values.Origin === 'EXTERNAL'
    const days = values.rotation === 'custom' ? values.days : Number(values.rotation) || undefined
    const { KeyMetadata } = await call<{ KeyMetadata: KeyMetadata }>('Kms', 'CreateKey', region, {
      ProtectionLevel: values.ProtectionLevel,
      Origin: values.Origin,
      Description: values.Description?.trim() || undefined,
      ...(days && !isExternal ? { EnableAutomaticRotation: true, RotationInterval: `${days}d` } : {}),
      Tags: values.tags?.length
        ? JSON.stringify(values.tags.map(({ TagKey, TagValue = '' }) => ({ TagKey, TagValue })))
        : undefined,
    })
    setMade(KeyMetadata.KeyId)
    if (values.alias)
      await call('Kms', 'CreateAlias', region, { KeyId: KeyMetadata.KeyId, AliasName: aliasName(values.alias) })
    if (values.protection)
      await call('Kms', 'SetDeletionProtection', region, { KeyId: KeyMetadata.KeyId, EnableDeletionProtection: true })
    return { id: KeyMetadata.KeyId, isExternal }
  })
  const submit = (values: Values) =>
    create.mutate(values, {
      onSuccess: ({ id, isExternal }) => void navigate(paths.key(region, id, isExternal ? 'material' : 'details')),
    })
  return (
    <Page crumbs={[{ label: common('nav.keys'), to: paths.keys(region) }]} name={say('title')} title={say('title')}>
      <Form<Values>
        className="form-page"
        form={form}
        initialValues={{ ProtectionLevel: 'SOFTWARE', rotation: 'off', Origin: 'Aliyun_KMS' }}
        layout="vertical"
        onFinish={submit}
        requiredMark="optional"
        scrollToFirstError
      >
        <Form.Item extra={say('spec.help')} label={say('spec')} required>
          <code className="mono">Aliyun_AES_256</code>
        </Form.Item>
        <Form.Item
          extra={hasHsm ? say('level.help') : say('level.none')}
          label={say('level')}
          name="ProtectionLevel"
          required
        >
          <Radio.Group
            options={[
              { value: 'SOFTWARE', label: common('level.SOFTWARE') },
              { value: 'HSM', label: common('level.HSM'), disabled: !hasHsm },
            ]}
            optionType="button"
          />
        </Form.Item>
        <Form.Item
          extra={alias ? say('alias.help', { name: aliasName(alias) }) : say('alias.rule')}
          label={say('alias')}
          name="alias"
          rules={[{ pattern: /^\s*(alias\/)?[A-Za-z0-9_/-]{1,255}\s*$/, message: say('alias.rule') }]}
        >
          <Input autoComplete="off" spellCheck={false} />
        </Form.Item>
        <Form.Item label={say('description')} name="Description">
          <Input.TextArea maxLength={8192} rows={2} />
        </Form.Item>
        <Tags />
        <Form.Item
          extra={origin === 'EXTERNAL' ? say('rotation.external') : undefined}
          label={say('rotation')}
          name="rotation"
          required
        >
          <Select
            disabled={origin === 'EXTERNAL'}
            options={[
              { value: 'off', label: say('rotation.off') },
              ...PERIODS.map((days) => ({ value: String(days), label: say('rotation.days', { count: days }) })),
              { value: 'custom', label: say('rotation.custom') },
            ]}
          />
        </Form.Item>
        {rotation === 'custom' && origin !== 'EXTERNAL' && (
          <Form.Item
            label={say('rotation.custom-days')}
            name="days"
            rules={[{ required: true, message: common('field.required') }]}
          >
            <InputNumber max={730} min={7} precision={0} />
          </Form.Item>
        )}
        <Collapse
          ghost
          items={[
            {
              key: 'advanced',
              forceRender: true,
              label: say('advanced'),
              children: (
                <>
                  <Form.Item label={say('origin')} name="Origin" required>
                    <Radio.Group
                      options={[
                        { value: 'Aliyun_KMS', label: common('origin.Aliyun_KMS') },
                        { value: 'EXTERNAL', label: common('origin.EXTERNAL') },
                      ]}
                    />
                  </Form.Item>
                  {origin === 'EXTERNAL' && (
                    <Form.Item
                      extra={say('understand.help')}
                      name="understand"
                      rules={[
                        {
                          validator: async (_, ticked: boolean) => {
                            if (!ticked) throw new Error(say('understand.missing'))
                          },
                        },
                      ]}
                      valuePropName="checked"
                    >
                      <Checkbox>{say('understand')}</Checkbox>
                    </Form.Item>
                  )}
                  <Form.Item label={say('protection')} name="protection" valuePropName="checked">
                    <Switch />
                  </Form.Item>
                </>
              ),
            },
          ]}
        />
        <Refused error={create.error} />
        {create.error && made && (
          <Alert
            action={<Link to={paths.key(region, made)}>{say('open.key')}</Link>}
            title={say('alias.failed')}
            type="warning"
          />
        )}
        <div className="form-foot">
          <Do
            because={create.error && made ? say('alias.failed') : false}
            htmlType="submit"
            loading={create.isPending}
            permission={{ answer: may('kms:CreateKey', resource), action: 'kms:CreateKey', resource }}
            type="primary"
          >
            {common('do.ok')}
          </Do>
          <Button onClick={() => void navigate(paths.keys(region))}>{common('do.cancel')}</Button>
        </div>
      </Form>
    </Page>
  )
}

function Tags() {
  const say = useTexts(createKeyTexts)
  const common = useCommon()
  return (
    <Form.Item label={say('tags')}>
      <Form.List name="tags">
        {(fields, { add, remove }) => (
          <>
            {fields.map(({ key, name }) => (
              <div className="tag-row" key={key}>
                <Form.Item
                  name={[name, 'TagKey']}
                  noStyle
                  rules={[{ required: true, message: common('field.required') }]}
                >
                  <Input aria-label={`${say('tag.key')} ${name + 1}`} maxLength={128} placeholder={say('tag.key')} />
                </Form.Item>
                <Form.Item name={[name, 'TagValue']} noStyle>
                  <Input
                    aria-label={`${say('tag.value')} ${name + 1}`}
                    maxLength={256}
                    placeholder={say('tag.value')}
                  />
                </Form.Item>
                <Button
                  aria-label={say('tag.remove', { number: name + 1 })}
                  icon={<DeleteIcon />}
                  onClick={() => remove(name)}
                  type="text"
                />
              </div>
            ))}
            <Button icon={<PlusIcon />} onClick={() => add()} size="small" type="dashed">
              {say('tag.add')}
            </Button>
          </>
        )}
      </Form.List>
    </Form.Item>
  )
}
