import { Button } from 'antd'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { Do } from '../../parts/allowed.tsx'
import { OperationForm, UnplacedRefusal } from '../../parts/operation-form.tsx'
import { Page } from '../../parts/page.tsx'
import { ParameterField, ParameterItem } from '../../parts/parameter-field.tsx'
import { useArns } from '../../service/arns.ts'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange } from '../../service/queries.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { PolicyEditor, pretty, useChecked } from './policy-editor.tsx'
import { ramTexts } from './ram.texts.ts'

const START = pretty(
  '{"Version":"1","Statement":[{"Effect":"Allow","Action":["kms:DescribeKey","kms:Encrypt"],"Resource":["*"]}]}',
)

interface Values {
  readonly PolicyName: string
  readonly Description?: string
}

export default function CreatePolicyPage() {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const navigate = useNavigate()
  const [text, setText] = useState(START)
  const checked = useChecked(text, 'identity')
  const permission = usePermissions(useArns().ram('policy/*'), ['ram:CreatePolicy'])
  const create = useChange(({ PolicyName, Description }: Values, region) =>
    call('Ram', 'CreatePolicy', region, { PolicyName, Description: Description || undefined, PolicyDocument: text }),
  )
  return (
    <Page
      crumbs={[{ label: common('nav.policies'), to: paths.policies }]}
      name={say('Policy.create')}
      title={say('Policy.create')}
    >
      <OperationForm<Values>
        error={create.error}
        of="Ram.CreatePolicy"
        onFinish={(values) =>
          create.mutate(values, { onSuccess: () => void navigate(paths.policy('Custom', values.PolicyName)) })
        }
      >
        <div className="form-page">
          <ParameterField label={say('policy.name')} name="PolicyName" />
          <ParameterField label={say('note')} name="Description" />
        </div>
        <ParameterItem label={say('document')} name="PolicyDocument" value={text}>
          <PolicyEditor checked={checked} label={say('document')} onChange={setText} value={text} />
        </ParameterItem>
        <UnplacedRefusal />
        <div className="form-foot">
          <Do
            because={!checked.isValid && say('editor.invalid')}
            htmlType="submit"
            loading={create.isPending}
            permission={permission('ram:CreatePolicy')}
            type="primary"
          >
            {common('do.ok')}
          </Do>
          <Button onClick={() => void navigate(paths.policies)}>{common('do.cancel')}</Button>
        </div>
      </OperationForm>
    </Page>
  )
}
