import { roleSummary, tagsAnswer } from '../answers.ts'
import { operation } from '../operation.ts'
import { pageOf, pagingParameters, tags } from '../parameters.ts'
import { afterName, ROLE, type Role, ramScope } from '../records.ts'
import { locateContainer } from '../resources.ts'
import { hasTags, takeByName } from '../tagged.ts'

export const ListRoles = operation({
  name: 'ListRoles',
  summary: 'Lists the roles by name; with tags, only roles that have all of these tags.',
  parameters: { ...pagingParameters, Tag: tags },
  access: 'Read',
  trail: { show: ['Marker', 'MaxItems', 'Tag'], reply: [] },
  refusals: [],
  locate: locateContainer('role'),
  async decide({ Marker, MaxItems, Tag }, { ledger, caller }) {
    const read = (after: string, limit: number) =>
      ledger.between(ROLE, ramScope(caller.accountId), afterName(after, limit))
    const found = await takeByName<Role>(read, Marker, MaxItems + 1, ({ body }) => hasTags(body.tags, Tag))
    const { items, rest } = pageOf(found, MaxItems, ({ id }) => id)
    const roles = items.map((role) => ({ ...roleSummary(role), Tags: tagsAnswer(role.body.tags) }))
    return { reply: { Roles: { Role: roles }, ...rest }, changes: [] }
  },
})
