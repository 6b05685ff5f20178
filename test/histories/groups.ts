// Histories of groups: renamed, deleted and made again under one of two names, with members that lists show from both sides.
import { type Ask, RAM, type Subject, shown } from './ask.ts'
import type { Setup } from './setup.ts'

/** Two names of groups, of which the first begins with a group, and two users. */
export async function groups({ must, unique, user }: Setup): Promise<Subject> {
  const full = (name: string) => `${name}-${unique}`
  const short = (name: string) => name.split('-')[0] ?? ''
  for (const name of ['u', 'v']) await user(full(name), [])
  await must('CreateGroup', { Version: RAM, GroupName: full('g') })
  return {
    about: `the groups ${full('g')} and ${full('h')}, and the users ${full('u')} and ${full('v')}`,
    next: (pick) => {
      const [group = '', other = ''] = pick([
        ['g', 'h'],
        ['h', 'g'],
      ])
      const member = pick(['u', 'v'])
      const named = { Version: RAM, GroupName: full(group) }
      const membership = (call: string) => (): Ask => ({
        call,
        args: [member, group],
        parameters: { ...named, UserName: full(member) },
      })
      const onGroup =
        (call: string, shows: Ask['shows'] = () => shown()) =>
        (): Ask => ({ call, args: [group], parameters: named, shows })
      const rename = (): Ask => ({
        call: 'UpdateGroup',
        args: [group, other],
        parameters: { ...named, NewGroupName: full(other) },
      })
      const users: Ask['shows'] = ({ Users }) =>
        shown(...Users.User.map(({ UserName }: { UserName: string }) => short(UserName)).sort())
      const groupsOf = (): Ask => ({
        call: 'ListGroupsForUser',
        args: [member],
        parameters: { Version: RAM, UserName: full(member) },
        shows: ({ Groups }) =>
          shown(...Groups.Group.map(({ GroupName }: { GroupName: string }) => short(GroupName)).sort()),
      })
      return pick<() => Ask>([
        membership('AddUserToGroup'),
        membership('AddUserToGroup'),
        membership('RemoveUserFromGroup'),
        onGroup('CreateGroup'),
        onGroup('DeleteGroup'),
        rename,
        rename,
        onGroup('ListUsersForGroup', users),
        onGroup('ListUsersForGroup', users),
        groupsOf,
        groupsOf,
      ])()
    },
  }
}
