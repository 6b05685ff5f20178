import { Form, Select } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { Do } from '../../parts/allowed.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { DeleteIcon } from '../../parts/icons.tsx'
import { Nothing, Ready, Section } from '../../parts/page.tsx'
import { Refused } from '../../parts/refused.tsx'
import { useArns } from '../../service/arns.ts'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange, useReply } from '../../service/queries.ts'
import type { Group } from '../../service/replies.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { ramTexts } from './ram.texts.ts'

interface Groups {
  readonly Groups: { readonly Group: readonly Group[] }
}

export function UserGroups({ userName }: { readonly userName: string }) {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const [open, setOpen] = useState(false)
  const permission = usePermissions(useArns().ram(`user/${userName}`), [
    'ram:AddUserToGroup',
    'ram:RemoveUserFromGroup',
  ])
  const groups = useReply<Groups>('Ram', 'ListGroupsForUser', { UserName: userName })
  const all = useReply<Groups>('Ram', 'ListGroups', { MaxItems: 100 }, open)
  const add = useChange((GroupName: string, region) =>
    call('Ram', 'AddUserToGroup', region, { UserName: userName, GroupName }),
  )
  const remove = useChange((GroupName: string, region) =>
    call('Ram', 'RemoveUserFromGroup', region, { UserName: userName, GroupName }),
  )
  return (
    <Section
      actions={
        <Do onClick={() => setOpen(true)} permission={permission('ram:AddUserToGroup')} size="small">
          {say('group.add')}
        </Do>
      }
      title={say('groups')}
    >
      <Refused error={remove.error} />
      <Ready of={groups}>
        {() =>
          groups.data?.Groups.Group.length ? (
            <ul className="rows">
              {groups.data.Groups.Group.map(({ GroupName, Comments }) => (
                <li key={GroupName}>
                  <span>
                    <Link to={paths.group(GroupName)}>{GroupName}</Link> <span className="muted">{Comments}</span>
                  </span>
                  <Do
                    aria-label={say('member.remove', { name: GroupName })}
                    icon={<DeleteIcon />}
                    onClick={() => remove.mutate(GroupName)}
                    permission={permission('ram:RemoveUserFromGroup')}
                    size="small"
                    type="text"
                  />
                </li>
              ))}
            </ul>
          ) : (
            <Nothing text={say('group.of.none')} />
          )
        }
      </Ready>
      {open && (
        <FormDialog<{ group: string }>
          close={() => setOpen(false)}
          run={({ group }) => add.mutateAsync(group)}
          title={say('group.add')}
          verb={common('do.ok')}
        >
          <Form.Item label={say('group.name')} name="group" rules={[{ required: true }]}>
            <Select
              loading={all.isPending}
              options={(all.data?.Groups.Group ?? []).map(({ GroupName }) => ({ value: GroupName, label: GroupName }))}
              showSearch
            />
          </Form.Item>
        </FormDialog>
      )}
    </Section>
  )
}
