import { Input } from 'antd'
import { Link, useNavigate } from 'react-router'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { Page } from '../../parts/page.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { When } from '../../parts/when.tsx'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { useChange } from '../../service/queries.ts'
import type { Paged, User } from '../../service/replies/ram.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { useCreation } from './creation.tsx'
import { MarkedList } from './marked-list.tsx'
import { ramTexts } from './ram.texts.ts'

interface NewUser {
  readonly UserName: string
  readonly DisplayName?: string
  readonly Comments?: string
}

export default function UsersPage() {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const navigate = useNavigate()
  const creation = useCreation('User')
  const create = useChange((values: NewUser, region) => call('Ram', 'CreateUser', region, { ...values }))
  return (
    <Page actions={creation.button} lead={say('users.lead')} name={common('nav.users')} title={common('nav.users')}>
      <MarkedList<User, Paged & { Users: { User: User[] } }>
        columns={[
          {
            title: say('logon.name'),
            key: 'name',
            render: (_, { UserName }) => <Link to={paths.user(UserName)}>{UserName}</Link>,
          },
          { title: say('display.name'), dataIndex: 'DisplayName' },
          { title: say('note'), dataIndex: 'Comments' },
          { title: common('field.created'), dataIndex: 'CreateDate', render: (date: string) => <When date={date} /> },
        ]}
        next={creation.button}
        none={say('users.none')}
        operation="ListUsers"
        rowKey={({ UserId }) => UserId}
        rows={({ Users }) => Users.User}
      />
      {creation.isOpen && (
        <FormDialog<NewUser>
          close={creation.close}
          done={(values) => void navigate(paths.user(values.UserName, 'authentication'))}
          of="Ram.CreateUser"
          permission={creation.permission}
          run={(values) => create.mutateAsync(values)}
          title={say('User.create')}
          verb={common('do.ok')}
        >
          <ParameterField label={say('logon.name')} name="UserName">
            <Input autoComplete="off" />
          </ParameterField>
          <ParameterField label={say('display.name')} name="DisplayName" />
          <ParameterField label={say('note')} name="Comments" />
        </FormDialog>
      )}
    </Page>
  )
}
