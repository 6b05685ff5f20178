// The memberships of a group and of a user.
import { Select } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { Do } from '../../parts/allowed.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { DeleteIcon } from '../../parts/icons.tsx'
import { Nothing, type Reading, Ready, Section } from '../../parts/page.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { Refused } from '../../parts/refused.tsx'
import { useArns } from '../../service/arns.ts'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange, useReply } from '../../service/queries.ts'
import { type Group, MOST_LISTED, type User } from '../../service/replies/ram.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { ramTexts } from './ram.texts.ts'

interface Users {
  readonly Users: { readonly User: readonly User[] }
}

interface Groups {
  readonly Groups: { readonly Group: readonly Group[] }
}

/** The users of a group. */
export function Members({ groupName }: { readonly groupName: string }) {
  const say = useTexts(ramTexts)
  const [isChoosing, setChoosing] = useState(false)
  const members = useReply<Users>('Ram', 'ListUsersForGroup', { GroupName: groupName, MaxItems: MOST_LISTED })
  const all = useReply<Users>('Ram', 'ListUsers', { MaxItems: MOST_LISTED }, isChoosing)
  return (
    <Memberships
      add={say('member.add')}
      choices={isChoosing ? (all.data?.Users.User ?? []).map(({ UserName }) => UserName) : null}
      chosen={say('logon.name')}
      isPending={all.isPending}
      none={say('member.none')}
      noneToChoose={say('users.none')}
      of={{ name: 'GroupName', value: groupName, other: 'UserName', resource: `group/${groupName}` }}
      reading={members}
      rows={(members.data?.Users.User ?? []).map(({ UserName, DisplayName }) => ({
        name: UserName,
        note: DisplayName,
        to: paths.user(UserName),
      }))}
      setChoosing={setChoosing}
      title={say('members')}
    />
  )
}

/** The groups of a user. */
export function UserGroups({ userName }: { readonly userName: string }) {
  const say = useTexts(ramTexts)
  const [isChoosing, setChoosing] = useState(false)
  const groups = useReply<Groups>('Ram', 'ListGroupsForUser', { UserName: userName })
  const all = useReply<Groups>('Ram', 'ListGroups', { MaxItems: MOST_LISTED }, isChoosing)
  return (
    <Memberships
      add={say('group.add')}
      choices={isChoosing ? (all.data?.Groups.Group ?? []).map(({ GroupName }) => GroupName) : null}
      chosen={say('group.name')}
      isPending={all.isPending}
      none={say('group.of.none')}
      noneToChoose={say('groups.none')}
      of={{ name: 'UserName', value: userName, other: 'GroupName', resource: `user/${userName}` }}
      reading={groups}
      rows={(groups.data?.Groups.Group ?? []).map(({ GroupName, Comments }) => ({
        name: GroupName,
        note: Comments,
        to: paths.group(GroupName),
      }))}
      setChoosing={setChoosing}
      title={say('groups')}
    />
  )
}

type NameParameter = 'UserName' | 'GroupName'

interface Props {
  readonly title: string
  readonly none: string
  /** The names of the button, the dialog and its field. */
  readonly add: string
  readonly chosen: string
  /** The group or user with the memberships: its parameter, its name, and the parameter of the other side. */
  readonly of: {
    readonly name: NameParameter
    readonly value: string
    readonly other: NameParameter
    readonly resource: string
  }
  readonly reading: Reading
  readonly rows: readonly { readonly name: string; readonly note: string; readonly to: string }[]
  /** The choices; null while the dialog is closed. */
  readonly choices: readonly string[] | null
  /** The text in place of an empty list of choices. */
  readonly noneToChoose: string
  readonly isPending: boolean
  readonly setChoosing: (is: boolean) => void
}

function Memberships({
  title,
  none,
  add,
  chosen,
  of,
  reading,
  rows,
  choices,
  noneToChoose,
  isPending,
  setChoosing,
}: Props) {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const permission = usePermissions(useArns().ram(of.resource), ['ram:AddUserToGroup', 'ram:RemoveUserFromGroup'])
  const both = (other: string) => ({ [of.name]: of.value, [of.other]: other })
  const adding = useChange((other: string, region) => call('Ram', 'AddUserToGroup', region, both(other)))
  const removing = useChange((other: string, region) => call('Ram', 'RemoveUserFromGroup', region, both(other)))
  return (
    <Section
      actions={
        <Do onClick={() => setChoosing(true)} permission={permission('ram:AddUserToGroup')} size="small">
          {add}
        </Do>
      }
      title={title}
    >
      <Refused error={removing.error} />
      <Ready of={reading}>
        {() =>
          rows.length > 0 ? (
            <ul className="rows">
              {rows.map(({ name, note, to }) => (
                <li key={name}>
                  <span>
                    <Link to={to}>{name}</Link> <span className="muted">{note}</span>
                  </span>
                  <Do
                    aria-label={say('member.remove', { name })}
                    icon={<DeleteIcon />}
                    onClick={() => removing.mutate(name)}
                    permission={permission('ram:RemoveUserFromGroup')}
                    size="small"
                    type="text"
                  />
                </li>
              ))}
            </ul>
          ) : (
            <Nothing text={none} />
          )
        }
      </Ready>
      {choices && (
        <FormDialog<Readonly<Record<NameParameter, string>>>
          close={() => setChoosing(false)}
          of="Ram.AddUserToGroup"
          run={(values) => adding.mutateAsync(values[of.other])}
          title={add}
          verb={common('do.ok')}
        >
          <ParameterField label={chosen} name={of.other}>
            <Select
              loading={isPending}
              notFoundContent={isPending ? common('say.loading') : noneToChoose}
              options={choices.map((value) => ({ value, label: value }))}
              showSearch
            />
          </ParameterField>
        </FormDialog>
      )}
    </Section>
  )
}
