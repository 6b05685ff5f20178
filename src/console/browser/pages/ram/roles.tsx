import { Form, Input, Radio } from 'antd'
import { Link, useNavigate } from 'react-router'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { Page } from '../../parts/page.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { When } from '../../parts/when.tsx'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { useChange } from '../../service/queries.ts'
import type { Paged, Role } from '../../service/replies/ram.ts'
import { useSession } from '../../service/session.tsx'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { useCreation } from './creation.tsx'
import { MarkedList } from './marked-list.tsx'
import { ramTexts } from './ram.texts.ts'

interface NewRole {
  readonly RoleName: string
  readonly Description?: string
  readonly trusted: 'own' | 'other'
  readonly account?: string
  readonly MaxSessionDuration?: number
}

export default function RolesPage() {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const navigate = useNavigate()
  const { AccountId } = useSession()
  const creation = useCreation('Role')
  const create = useChange(({ RoleName, Description, trusted, account, MaxSessionDuration }: NewRole, region) =>
    call('Ram', 'CreateRole', region, {
      RoleName,
      Description: Description || undefined,
      MaxSessionDuration,
      AssumeRolePolicyDocument: trustOf(trusted === 'other' ? (account ?? '') : AccountId),
    }),
  )
  return (
    <Page actions={creation.button} lead={say('roles.lead')} name={common('nav.roles')} title={common('nav.roles')}>
      <MarkedList<Role, Paged & { Roles: { Role: Role[] } }>
        columns={[
          {
            title: say('role.name'),
            key: 'name',
            render: (_, { RoleName }) => <Link to={paths.role(RoleName)}>{RoleName}</Link>,
          },
          { title: common('field.description'), dataIndex: 'Description' },
          { title: say('session.duration'), dataIndex: 'MaxSessionDuration' },
          { title: common('field.created'), dataIndex: 'CreateDate', render: (date: string) => <When date={date} /> },
        ]}
        next={creation.button}
        none={say('roles.none')}
        operation="ListRoles"
        rowKey={({ Arn }) => Arn}
        rows={({ Roles }) => Roles.Role}
      />
      {creation.isOpen && (
        <FormDialog<NewRole>
          close={creation.close}
          initial={{ trusted: 'own' }}
          of="Ram.CreateRole"
          done={(values) => void navigate(paths.role(values.RoleName))}
          permission={creation.permission}
          run={(values) => create.mutateAsync(values)}
          title={say('Role.create')}
          verb={common('do.ok')}
        >
          <TrustedField />
          <ParameterField label={say('role.name')} name="RoleName" />
          <ParameterField label={say('note')} name="Description" />
          <ParameterField label={say('session.duration')} name="MaxSessionDuration" />
        </FormDialog>
      )}
    </Page>
  )
}

/** The trusted account. The parameter is a whole trust policy (AssumeRolePolicyDocument); this form asks only for the account. */
function TrustedField() {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const trusted = Form.useWatch('trusted')
  return (
    <>
      <Form.Item label={say('trusted')} name="trusted" required>
        <Radio.Group
          options={[
            { value: 'own', label: say('trusted.account') },
            { value: 'other', label: say('trusted.other') },
          ]}
        />
      </Form.Item>
      {trusted === 'other' && (
        <Form.Item
          label={say('account.id')}
          name="account"
          rules={[
            { required: true, message: common('field.required') },
            { pattern: /^\d+$/, message: say('account.rule') },
          ]}
        >
          <Input className="mono" />
        </Form.Item>
      )}
    </>
  )
}

/** A trust policy for an account: its own policies say which of its principals may assume the role. */
function trustOf(account: string): string {
  return JSON.stringify({
    Version: '1',
    Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM: [`acs:ram::${account}:root`] } }],
  })
}
