import { Alert, Button, Checkbox, Collapse, Form, Input, InputNumber, Radio, Select, Switch } from 'antd'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { useRegion } from '../frame/region.ts'
import { Do } from '../parts/allowed.tsx'
import { Page } from '../parts/page.tsx'
import { givenPairs, type Pair, PairRows } from '../parts/pair-rows.tsx'
import { Refused } from '../parts/refused.tsx'
import { aliasName } from '../service/alias-name.ts'
import { useArns } from '../service/arns.ts'
import { call } from '../service/call.ts'
import { paths } from '../service/paths.ts'
import { usePermissions } from '../service/permissions.ts'
import { useChange } from '../service/queries.ts'
import type { KeyMetadata } from '../service/replies.ts'
import { useSession } from '../service/session.tsx'
import { useCommon, useTexts } from '../texts/language.tsx'
import { createKeyTexts } from './create-key.texts.ts'

interface Values {
  readonly ProtectionLevel: 'SOFTWARE' | 'HSM'
  readonly alias?: string
  readonly Description?: string
  readonly tags?: readonly Pair[]
  readonly rotation: string
  readonly days?: number
  readonly Origin: 'Aliyun_KMS' | 'EXTERNAL'
  readonly understand?: boolean
  readonly protection?: boolean
}

const PERIODS = [30, 90, 180, 365]

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
  const permission = usePermissions(arns.kms('key'), ['kms:CreateKey'])
  const create = useChange(async (values: Values) => {
    const isExternal = values.Origin === 'EXTERNAL'
    const days = values.rotation === 'custom' ? values.days : Number(values.rotation) || undefined
    const { KeyMetadata } = await call<{ KeyMetadata: KeyMetadata }>('Kms', 'CreateKey', region, {
      ProtectionLevel: values.ProtectionLevel,
      Origin: values.Origin,
      Description: values.Description?.trim() || undefined,
      ...(days && !isExternal ? { EnableAutomaticRotation: true, RotationInterval: `${days}d` } : {}),
      Tags: values.tags?.length
        ? JSON.stringify(givenPairs(values.tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })))
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
        <Form.Item label={say('tags')}>
          <PairRows
            called={{
              key: (number) => say('tag.key.row', { number }),
              value: (number) => say('tag.value.row', { number }),
              remove: (number) => say('tag.remove', { number }),
              add: say('tag.add'),
            }}
            name="tags"
            needsKey
            placeholders={[say('tag.key'), say('tag.value')]}
          />
        </Form.Item>
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
            permission={permission('kms:CreateKey')}
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
