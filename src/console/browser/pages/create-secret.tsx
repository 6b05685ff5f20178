import { Button, Form, Input, Radio } from 'antd'
import { useNavigate } from 'react-router'
import { useRegion } from '../frame/region.ts'
import { Do } from '../parts/allowed.tsx'
import { OperationForm, UnplacedRefusal } from '../parts/operation-form.tsx'
import { Page } from '../parts/page.tsx'
import { ParameterField } from '../parts/parameter-field.tsx'
import { TagRows } from '../parts/tag-rows.tsx'
import { useArns } from '../service/arns.ts'
import { call } from '../service/call.ts'
import { paths } from '../service/paths.ts'
import { usePermissions } from '../service/permissions.ts'
import { useChange } from '../service/queries.ts'
import { useCommon, useTexts } from '../texts/language.tsx'
import { parametersOf, type RotatedValues, type Values } from './create-secret/parameters.ts'
import { AccessKeysOfUser, AccountsOfDatabase, RotationPolicy } from './create-secret/rotated.tsx'
import { createSecretTexts } from './create-secret.texts.ts'
import { kindTexts } from './secret/kinds.texts.ts'

const KINDS: readonly Values['SecretType'][] = ['Generic', 'RAMCredentials', 'Rds']

const INITIAL: Partial<RotatedValues> = {
  VersionId: 'v1',
  accounts: 'SingleUser',
  EnableAutomaticRotation: true,
  RotationInterval: '30d',
}

export default function CreateSecretPage() {
  const say = useTexts(createSecretTexts)
  const common = useCommon()
  const region = useRegion()
  const arns = useArns()
  const navigate = useNavigate()
  const [form] = Form.useForm<Values>()
  const kind = useTexts(kindTexts)
  const type = Form.useWatch('SecretType', form) ?? 'Generic'
  const permission = usePermissions(arns.kms('secret'), ['kms:CreateSecret'])
  const create = useChange((values: Values) =>
    call<{ readonly SecretName: string }>('Kms', 'CreateSecret', region, parametersOf(values)),
  )
  const submit = (values: Values) =>
    create.mutate(values, { onSuccess: ({ SecretName }) => void navigate(paths.secret(region, SecretName)) })
  return (
    <Page
      crumbs={[{ label: common('nav.secrets'), to: paths.secrets(region) }]}
      name={say('title')}
      title={say('title')}
    >
      <OperationForm<Values>
        error={create.error}
        form={form}
        initial={INITIAL as Partial<Values>}
        layout={{ className: 'form-page', scrollToFirstError: true }}
        of="Kms.CreateSecret"
        onFinish={submit}
      >
        <ParameterField extra={say(`kind.${type}`)} label={say('type')} name="SecretType">
          <Radio.Group options={KINDS.map((value) => ({ value, label: kind(`kind.${value}`) }))} />
        </ParameterField>
        {type === 'Generic' && (
          <>
            <ParameterField extra={say('name.help')} label={say('name')} name="SecretName" />
            <ParameterField
              extra={({ MaxBytes: bytes = 0 }) => say('data.help', { bytes })}
              label={say('data')}
              name="SecretData"
            >
              <Input.TextArea autoComplete="off" className="mono" rows={4} spellCheck={false} />
            </ParameterField>
          </>
        )}
        {type === 'RAMCredentials' && <AccessKeysOfUser />}
        {type === 'Rds' && <AccountsOfDatabase />}
        {type !== 'Generic' && <RotationPolicy />}
        <ParameterField label={say('version')} name="VersionId" />
        <ParameterField extra={say('key.help')} label={say('key')} name="EncryptionKeyId" />
        <ParameterField label={common('field.description')} name="Description">
          <Input.TextArea rows={2} />
        </ParameterField>
        <TagRows />
        <UnplacedRefusal />
        <div className="form-foot">
          <Do htmlType="submit" loading={create.isPending} permission={permission('kms:CreateSecret')} type="primary">
            {common('do.ok')}
          </Do>
          <Button onClick={() => void navigate(paths.secrets(region))}>{common('do.cancel')}</Button>
        </div>
      </OperationForm>
    </Page>
  )
}
