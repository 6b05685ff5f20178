import { Form, Select } from 'antd'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { Do } from '../../parts/allowed.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { DeleteIcon } from '../../parts/icons.tsx'
import { Nothing, Page, Ready, Section } from '../../parts/page.tsx'
import { Refused } from '../../parts/refused.tsx'
import { TabLinks } from '../../parts/tab-links.tsx'
import { useArns } from '../../service/arns.ts'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange, useReply } from '../../service/queries.ts'
import type { Group, User } from '../../service/replies.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { Attachments } from './attachments.tsx'
import { ramTexts } from './ram.texts.ts'

interface Users {
  readonly Users: { readonly User: readonly User[] }
}

export default function GroupPage() {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const navigate = useNavigate()
  const { name = '', tab = 'members' } = useParams()
  const [deleting, setDeleting] = useState(false)
  const permission = usePermissions(useArns().ram(`group/${name}`), ['ram:DeleteGroup'])
  const group = useReply<{ Group: Group }>('Ram', 'GetGroup', { GroupName: name })
  const remove = useChange((_: undefined, region) => call('Ram', 'DeleteGroup', region, { GroupName: name }))
  return (
    <Page
      actions={
        <Do danger onClick={() => setDeleting(true)} permission={permission('ram:DeleteGroup')}>
          {say('group.delete')}
        </Do>
      }
      crumbs={[{ label: common('nav.groups'), to: paths.groups }]}
      lead={group.data?.Group.Comments}
      name={name}
      title={name}
    >
      <Ready of={group}>
        {() => (
          <TabLinks
            at={tab}
            label={name}
            tabs={[
              { key: 'members', label: say('members'), content: () => <Members groupName={name} /> },
              {
                key: 'permissions',
                label: say('permissions'),
                content: () => <Attachments kind="Group" name={name} />,
              },
            ]}
            to={(next) => paths.group(name, next)}
          />
        )}
      </Ready>
      {deleting && (
        <Confirm
          close={() => setDeleting(false)}
          danger
          run={async () => {
            await remove.mutateAsync(undefined)
            void navigate(paths.groups)
          }}
          title={say('group.delete')}
          verb={say('group.delete')}
        >
          <p>{say('group.delete.text', { name })}</p>
        </Confirm>
      )}
    </Page>
  )
}

function Members({ groupName }: { readonly groupName: string }) {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const [open, setOpen] = useState(false)
  const permission = usePermissions(useArns().ram(`group/${groupName}`), [
    'ram:AddUserToGroup',
    'ram:RemoveUserFromGroup',
  ])
  const members = useReply<Users>('Ram', 'ListUsersForGroup', { GroupName: groupName, MaxItems: 100 })
  const all = useReply<Users>('Ram', 'ListUsers', { MaxItems: 100 }, open)
  const add = useChange((UserName: string, region) =>
    call('Ram', 'AddUserToGroup', region, { UserName, GroupName: groupName }),
  )
  const remove = useChange((UserName: string, region) =>
    call('Ram', 'RemoveUserFromGroup', region, { UserName, GroupName: groupName }),
  )
  return (
    <Section
      actions={
        <Do onClick={() => setOpen(true)} permission={permission('ram:AddUserToGroup')} size="small">
          {say('member.add')}
        </Do>
      }
      title={say('members')}
    >
      <Refused error={remove.error} />
      <Ready of={members}>
        {() =>
          members.data?.Users.User.length ? (
            <ul className="rows">
              {members.data.Users.User.map(({ UserName, DisplayName }) => (
                <li key={UserName}>
                  <span>
                    <Link to={paths.user(UserName)}>{UserName}</Link> <span className="muted">{DisplayName}</span>
                  </span>
                  <Do
                    aria-label={say('member.remove', { name: UserName })}
                    icon={<DeleteIcon />}
                    onClick={() => remove.mutate(UserName)}
                    permission={permission('ram:RemoveUserFromGroup')}
                    size="small"
                    type="text"
                  />
                </li>
              ))}
            </ul>
          ) : (
            <Nothing text={say('member.none')} />
          )
        }
      </Ready>
      {open && (
        <FormDialog<{ user: string }>
          close={() => setOpen(false)}
          run={({ user }) => add.mutateAsync(user)}
          title={say('member.add')}
          verb={common('do.ok')}
        >
          <Form.Item label={say('logon.name')} name="user" rules={[{ required: true }]}>
            <Select
              loading={all.isPending}
              options={(all.data?.Users.User ?? []).map(({ UserName }) => ({ value: UserName, label: UserName }))}
              showSearch
            />
          </Form.Item>
        </FormDialog>
      )}
    </Section>
  )
}
