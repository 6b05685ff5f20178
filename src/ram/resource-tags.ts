// Shared by TagResources, UntagResources and ListTagResources: tags of roles and policies.
import { refuse } from '../api/errors.ts'
import type { Resource, Tags } from '../api/operation.ts'
import { type Change, update } from '../ledger/record.ts'
import { findCustomPolicy, findRole, type Reads } from './find.ts'
import type { RamContext } from './operation.ts'
import { listOfTexts, MAX_TAGS, oneOf, valued } from './parameters.ts'
import type { Policy, Role } from './records.ts'
import { ramResource } from './resources.ts'

const MAX_NAMES = 50

export const resourceType = oneOf('role', 'policy')
export const resourceNames = listOfTexts('names of roles or of custom policies', MAX_NAMES)
export const tagKeys = listOfTexts('tag keys', MAX_TAGS)

/** A row of ListTagResources: the lower-case name of the role or policy, and the tag's key. */
interface Row {
  readonly name: string
  readonly key: string
}

/** The NextToken of the page that ended with a row, opaque to clients. */
export const rowToken = {
  ...valued<Row>('text', 'The NextToken of the page before.', readRow),
  of: ({ name, key }: Row) => Buffer.from(JSON.stringify([name, key])).toString('base64url'),
}

function readRow(text: string): Row | null {
  try {
    const [name, key] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown[]
    return typeof name === 'string' && typeof key === 'string' && /^[a-z0-9.@_-]{1,128}$/.test(name)
      ? { name, key }
      : null
  } catch {
    return null
  }
}

/** The resources that a call names. */
export interface NamedTagged {
  readonly ResourceType: 'role' | 'policy'
  readonly ResourceNames: readonly string[]
}

/** Locates the named resources. As in the cloud, policies allow tagging on `*` only. They can deny it on each resource, whose tags they see. */
export async function locateTagged({ ResourceType, ResourceNames }: NamedTagged, context: Reads): Promise<Resource[]> {
  const named = await Promise.all(ResourceNames.map((name) => ramResource(ResourceType, name, context)))
  return named.map((resource) => ({ ...resource, arn: '*', deniedOn: resource.arn }))
}

/** The roles or custom policies that the call names, each once, by name. Refuses with EntityNotExist.Role or EntityNotExist.Policy. */
export async function findTagged(
  { ResourceType, ResourceNames }: NamedTagged,
  context: Reads,
): Promise<readonly (Role | Policy)[]> {
  const names = [...new Set(ResourceNames.map((name) => name.toLowerCase()))].toSorted()
  const found: (Role | Policy)[] = []
  for (const name of names)
    found.push(await (ResourceType === 'role' ? findRole(name, context) : findCustomPolicy(name, context)))
  return found
}

/** The changes of the named resources' tags. Refuses with LimitExceeded.Tag where a resource would have too many. */
export async function changeTags(
  named: NamedTagged,
  change: (tags: Tags) => Tags,
  context: RamContext,
): Promise<readonly Change[]> {
  return (await findTagged(named, context)).map((record) => {
    const tags = change(record.body.tags)
    if (tags.length > MAX_TAGS) throw refuse('LimitExceeded.Tag')
    return 'roleName' in record.body
      ? update(record as Role, { body: { ...record.body, tags } })
      : update(record as Policy, { body: { ...record.body, tags } })
  })
}
