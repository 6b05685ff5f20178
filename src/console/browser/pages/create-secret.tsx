import { Button, Form, Input } from 'antd'
import { useNavigate } from 'react-router'
import { useRegion } from '../frame/region.ts'
import { Do } from '../parts/allowed.tsx'
import { OperationForm, UnplacedRefusal } from '../parts/operation-form.tsx'
import { Page } from '../parts/page.tsx'
import type { Pair } from '../parts/pair-rows.tsx'
import { ParameterField } from '../parts/parameter-field.tsx'
import { TagRows, tagsOf } from '../parts/tag-rows.tsx'
import { useArns } from '../service/arns.ts'
import { call } from '../service/call.ts'
import { paths } from '../service/paths.ts'
import { usePermissions } from '../service/permissions.ts'
import { useChange } from '../service/queries.ts'
import { useCommon, useTexts } from '../texts/language.tsx'
import { createSecretTexts } from './create-secret.texts.ts'

interface Values {
  readonly SecretName: string
  readonly VersionId: string
  readonly SecretData: string
  readonly EncryptionKeyId?: string
  readonly Description?: string
  readonly Tags?: readonly Pair[]
}

export default function CreateSecretPage() {
  const say = useTexts(createSecretTexts)
  const common = useCommon()
  const region = useRegion()
  const arns = useArns()
  const navigate = useNavigate()
  const [form] = Form.useForm<Values>()
  const permission = usePermissions(arns.kms('secret'), ['kms:CreateSecret'])
  const create = useChange(({ Tags, EncryptionKeyId, Description, ...values }: Values) =>
    call('Kms', 'CreateSecret', region, {
      ...values,
      EncryptionKeyId: EncryptionKeyId?.trim() || undefined,
      Description: Description?.trim() || undefined,
      Tags: tagsOf(Tags),
    }),
  )
  const submit = (values: Values) =>
    create.mutate(values, { onSuccess: () => void navigate(paths.secret(region, values.SecretName)) })
  return (
    <Page
      crumbs={[{ label: common('nav.secrets'), to: paths.secrets(region) }]}
      name={say('title')}
      title={say('title')}
    >
      <OperationForm<Values>
        error={create.error}
        form={form}
        initial={{ VersionId: 'v1' }}
        layout={{ className: 'form-page', scrollToFirstError: true }}
        of="Kms.CreateSecret"
        onFinish={submit}
      >
        <ParameterField label={say('name')} name="SecretName" />
        <ParameterField
          extra={({ MaxBytes: bytes = 0 }) => say('data.help', { bytes })}
          label={say('data')}
          name="SecretData"
        >
          <Input.TextArea autoComplete="off" className="mono" rows={4} spellCheck={false} />
        </ParameterField>
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
