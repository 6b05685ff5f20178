import { Form, Input, InputNumber, Radio } from 'antd'
import { Link, useNavigate } from 'react-router'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { Page } from '../../parts/page.tsx'
import { When } from '../../parts/when.tsx'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { useChange } from '../../service/queries.ts'
import type { Paged, Role } from '../../service/replies.ts'
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
          initial={{ trusted: 'own', MaxSessionDuration: 3600 }}
          done={(values) => void navigate(paths.role(values.RoleName))}
          permission={creation.permission}
          run={(values) => create.mutateAsync(values)}
          title={say('Role.create')}
          verb={common('do.ok')}
        >
          <Form.Item label={say('trusted')} name="trusted">
            <Radio.Group
              options={[
                { value: 'own', label: say('trusted.account') },
                { value: 'other', label: say('trusted.other') },
              ]}
            />
          </Form.Item>
          <Form.Item dependencies={['trusted']} noStyle>
            {({ getFieldValue }) =>
              getFieldValue('trusted') === 'other' && (
                <Form.Item label={say('account.id')} name="account" rules={[{ required: true }, { pattern: /^\d+$/ }]}>
                  <Input className="mono" />
                </Form.Item>
              )
            }
          </Form.Item>
          <Form.Item label={say('role.name')} name="RoleName" rules={[{ required: true }]}>
            <Input autoComplete="off" />
          </Form.Item>
          <Form.Item label={say('note')} name="Description">
            <Input />
          </Form.Item>
          <Form.Item label={say('session.duration')} name="MaxSessionDuration">
            <InputNumber max={43_200} min={3600} precision={0} />
          </Form.Item>
        </FormDialog>
      )}
    </Page>
  )
}

/** A trust policy for an account: its own policies say which of its principals may assume the role. */
function trustOf(account: string): string {
  return JSON.stringify({
    Version: '1',
    Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM: [`acs:ram::${account}:root`] } }],
  })
}
