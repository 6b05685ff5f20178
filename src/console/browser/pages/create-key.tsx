import { Alert, Button, Checkbox, Collapse, Form, Input, Radio, Select, Switch } from 'antd'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { useRegion } from '../frame/region.ts'
import { Do } from '../parts/allowed.tsx'
import { OperationForm, UnplacedRefusal } from '../parts/operation-form.tsx'
import { Page } from '../parts/page.tsx'
import type { Pair } from '../parts/pair-rows.tsx'
import { ParameterField } from '../parts/parameter-field.tsx'
import { ParameterPairs } from '../parts/parameter-pairs.tsx'
import { tagsOf } from '../parts/tag-pairs.ts'
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
import { AliasField } from './key/alias-field.tsx'

interface Values {
  readonly KeySpec: string
  readonly KeyUsage?: string
  readonly ProtectionLevel: 'SOFTWARE' | 'HSM'
  readonly AliasName?: string
  readonly Description?: string
  readonly Tags?: readonly Pair[]
  readonly rotation: string
  /** In days. */
  readonly RotationInterval?: number
  readonly Origin: 'Aliyun_KMS' | 'EXTERNAL'
  readonly understand?: boolean
  readonly protection?: boolean
}

const PERIODS = [30, 90, 180, 365]
/** The specs of symmetric keys begin so; all others are of pairs, which neither rotate nor can be imported. */
const SYMMETRIC = /^Aliyun_/
/** Pairs that can be for either usage. */
const EITHER = /^(RSA_|EC_SM2$)/

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
  const isPair = !SYMMETRIC.test(Form.useWatch('KeySpec', form) ?? 'Aliyun_AES_256')
  const isEither = EITHER.test(Form.useWatch('KeySpec', form) ?? '')
  const doesNotRotate = origin === 'EXTERNAL' || isPair
  const [made, setMade] = useState<string | null>(null)
  const permission = usePermissions(arns.kms('key'), ['kms:CreateKey'])
  const create = useChange(async (values: Values) => {
    const isSymmetric = SYMMETRIC.test(values.KeySpec)
    const isExternal = isSymmetric && values.Origin === 'EXTERNAL'
    const days = values.rotation === 'custom' ? values.RotationInterval : Number(values.rotation) || undefined
    const { KeyMetadata } = await call<{ KeyMetadata: KeyMetadata }>('Kms', 'CreateKey', region, {
      KeySpec: values.KeySpec,
      KeyUsage: EITHER.test(values.KeySpec) ? values.KeyUsage : undefined,
      ProtectionLevel: values.ProtectionLevel,
      Origin: isExternal ? 'EXTERNAL' : 'Aliyun_KMS',
      Description: values.Description?.trim() || undefined,
      ...(days && isSymmetric && !isExternal ? { EnableAutomaticRotation: true, RotationInterval: `${days}d` } : {}),
      Tags: tagsOf(values.Tags),
    })
    setMade(KeyMetadata.KeyId)
    if (values.AliasName)
      await call('Kms', 'CreateAlias', region, { KeyId: KeyMetadata.KeyId, AliasName: aliasName(values.AliasName) })
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
      <OperationForm<Values>
        error={create.error}
        form={form}
        initial={{ rotation: 'off' }}
        layout={{ className: 'form-page', scrollToFirstError: true }}
        of="Kms.CreateKey"
        onFinish={submit}
      >
        <ParameterField extra={say(isPair ? 'spec.pair' : 'spec.help')} label={say('spec')} name="KeySpec" />
        {isEither && (
          <ParameterField
            label={say('usage')}
            labelOf={(usage) => say(usage === 'SIGN/VERIFY' ? 'usage.sign' : 'usage.encrypt')}
            name="KeyUsage"
          />
        )}
        <ParameterField
          extra={hasHsm ? say('level.help') : say('level.none')}
          label={say('level')}
          name="ProtectionLevel"
        >
          <Radio.Group
            options={[
              { value: 'SOFTWARE', label: common('level.SOFTWARE') },
              { value: 'HSM', label: common('level.HSM'), disabled: !hasHsm },
            ]}
            optionType="button"
          />
        </ParameterField>
        <AliasField needed={false} />
        <ParameterField label={say('description')} name="Description">
          <Input.TextArea rows={2} />
        </ParameterField>
        <ParameterPairs
          called={{
            key: (number) => say('tag.key.row', { number }),
            value: (number) => say('tag.value.row', { number }),
            remove: (number) => say('tag.remove', { number }),
            add: say('tag.add'),
          }}
          label={say('tags')}
          name="Tags"
          placeholders={[say('tag.key'), say('tag.value')]}
          sent={tagsOf}
        />
        <Form.Item
          extra={isPair ? say('rotation.pair') : origin === 'EXTERNAL' ? say('rotation.external') : undefined}
          label={say('rotation')}
          name="rotation"
          required
        >
          <Select
            disabled={doesNotRotate}
            options={[
              { value: 'off', label: say('rotation.off') },
              ...PERIODS.map((days) => ({ value: String(days), label: say('rotation.days', { count: days }) })),
              { value: 'custom', label: say('rotation.custom') },
            ]}
          />
        </Form.Item>
        {rotation === 'custom' && !doesNotRotate && (
          <ParameterField
            label={({ Min: min = 0, Max: max = 0 }) => say('rotation.custom-days', { min, max })}
            name="RotationInterval"
            needed
          />
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
                  <ParameterField label={say('origin')} name="Origin">
                    <Radio.Group
                      disabled={isPair}
                      options={[
                        { value: 'Aliyun_KMS', label: common('origin.Aliyun_KMS') },
                        { value: 'EXTERNAL', label: common('origin.EXTERNAL') },
                      ]}
                    />
                  </ParameterField>
                  {origin === 'EXTERNAL' && !isPair && (
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
        <UnplacedRefusal />
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
      </OperationForm>
    </Page>
  )
}
