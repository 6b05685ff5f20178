import { Alert, Button, Form, Input, Radio } from 'antd'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { useRegion } from '../frame/region.ts'
import { Do } from '../parts/allowed.tsx'
import { OperationForm, UnplacedRefusal } from '../parts/operation-form.tsx'
import { Page } from '../parts/page.tsx'
import { ParameterField } from '../parts/parameter-field.tsx'
import { TagRows } from '../parts/tag-rows.tsx'
import { useArns } from '../service/arns.ts'
import { isForEitherUsage, isSymmetric } from '../service/key-specs.ts'
import { paths } from '../service/paths.ts'
import { usePermissions } from '../service/permissions.ts'
import { useChange } from '../service/queries.ts'
import { useSession } from '../service/session.tsx'
import { useCommon, useTexts } from '../texts/language.tsx'
import { Advanced } from './create-key/advanced.tsx'
import { createKey, isExternal, type Values } from './create-key/creation.ts'
import { RotationField } from './create-key/rotation-field.tsx'
import { createKeyTexts } from './create-key.texts.ts'
import { AliasField } from './key/alias-field.tsx'

/** Creates a key. If a later step is refused after the creation, the page stays and links to the key. */
export default function CreateKeyPage() {
  const say = useTexts(createKeyTexts)
  const common = useCommon()
  const region = useRegion()
  const arns = useArns()
  const navigate = useNavigate()
  const { Regions } = useSession()
  const hasHsm = Regions.find(({ Id }) => Id === region)?.Hsm === true
  const [form] = Form.useForm<Values>()
  const KeySpec = Form.useWatch('KeySpec', form) ?? 'Aliyun_AES_256'
  const Origin = Form.useWatch('Origin', form) ?? 'Aliyun_KMS'
  const isPair = !isSymmetric(KeySpec)
  const doesNotRotate = isPair ? say('rotation.pair') : Origin === 'EXTERNAL' ? say('rotation.external') : undefined
  const [made, setMade] = useState<string | null>(null)
  const permission = usePermissions(arns.kms('key'), ['kms:CreateKey'])
  const create = useChange((values: Values) => createKey(values, region, setMade))
  const submit = (values: Values) =>
    create.mutate(values, {
      onSuccess: (keyId) => void navigate(paths.key(region, keyId, isExternal(values) ? 'material' : 'details')),
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
        {isForEitherUsage(KeySpec) && (
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
        <ParameterField label={common('field.description')} name="Description">
          <Input.TextArea rows={2} />
        </ParameterField>
        <TagRows />
        <RotationField because={doesNotRotate} />
        <Advanced isExternal={isExternal({ KeySpec, Origin })} isPair={isPair} />
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
