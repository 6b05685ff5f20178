import { refuse } from '../../api/errors.ts'
import { clearable, optional } from '../../api/parameters.ts'
import { type Change, insert, remove, update } from '../../ledger/record.ts'
import { userAnswerWithUpdate } from '../answers.ts'
import { findUser, userByName } from '../find.ts'
import { membershipId } from '../membership.ts'
import { operation, type RamContext } from '../operation.ts'
import { comments, displayName, email, mobilePhone, userName } from '../parameters.ts'
import { MEMBERSHIP, ramScope, USER_NAME, type User } from '../records.ts'
import { renamedResources } from '../resources.ts'

export const UpdateUser = operation({
  name: 'UpdateUser',
  summary:
    'Changes the properties of a user. An empty text clears a property. A renamed user keeps its AccessKeys, groups and policies.',
  parameters: {
    UserName: userName,
    NewUserName: optional(userName, null),
    NewDisplayName: clearable(displayName),
    NewMobilePhone: clearable(mobilePhone),
    NewEmail: clearable(email),
    NewComments: clearable(comments),
  },
  access: 'Write',
  trail: {
    show: ['UserName', 'NewUserName', 'NewDisplayName', 'NewMobilePhone', 'NewEmail', 'NewComments'],
    reply: ['User.UserId', 'User.UserName'],
  },
  refusals: ['EntityNotExist.User', 'EntityAlreadyExists.User'],
  async locate({ UserName, NewUserName }, context) {
    return renamedResources('user', UserName, NewUserName, context)
  },
  async decide(values, context) {
    const user = await findUser(values.UserName, context)
    const { body } = user
    const newName = values.NewUserName ?? body.userName
    const changed = update(user, {
      body: {
        ...body,
        userName: newName,
        displayName: values.NewDisplayName ?? body.displayName,
        mobilePhone: values.NewMobilePhone ?? body.mobilePhone,
        email: values.NewEmail ?? body.email,
        comments: values.NewComments ?? body.comments,
        updatedAt: context.now,
      },
    })
    const renaming = await rename(user, newName, context)
    return { reply: { User: userAnswerWithUpdate(changed.after) }, changes: [changed, ...renaming] }
  },
})

/** The changes of records that contain the name: the name's own record, and memberships, which are listed by name. */
async function rename(user: User, newName: string, context: RamContext): Promise<Change[]> {
  const { userName: oldName, groups } = user.body
  if (oldName.toLowerCase() === newName.toLowerCase()) return []
  if (await userByName(newName, context)) throw refuse('EntityAlreadyExists.User')
  const scope = ramScope(context.caller.accountId)
  const changes: Change[] = []
  const name = await context.ledger.get(USER_NAME, scope, oldName.toLowerCase())
  if (name) changes.push(remove(USER_NAME, name))
  changes.push(
    insert(USER_NAME, { ...scope, id: newName.toLowerCase(), createdAt: context.now, body: { id: user.id } }),
  )
  for (const { groupId } of groups) {
    const membership = await context.ledger.get(MEMBERSHIP, scope, membershipId(groupId, oldName))
    if (!membership) continue
    const { createdAt, body } = membership
    const id = membershipId(groupId, newName)
    changes.push(remove(MEMBERSHIP, membership), insert(MEMBERSHIP, { ...scope, id, parent: groupId, createdAt, body }))
  }
  return changes
}
