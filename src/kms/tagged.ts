// Keys and secrets in one form for all operations on tags.
import type { Tags } from '../api/operation.ts'
import { type Change, update } from '../ledger/record.ts'
import type { FoundKey } from './key-name.ts'
import { demandNotPendingDeletion } from './key-state.ts'
import type { FoundSecret } from './secrets/secret-name.ts'
import { demandNotInDeleteWindow } from './secrets/secret-state.ts'
import { demandUsers } from './service-keys.ts'

export interface Tagged {
  readonly id: string
  readonly tags: Tags
  /** Returns the change of its tags. Refuses a service key, and a resource whose deletion is planned. */
  changed(edit: (tags: Tags) => Tags): Change
}

export function taggedKey({ record, body }: FoundKey): Tagged {
  return {
    id: record.id,
    tags: body.tags,
    changed(edit) {
      demandUsers(body)
      demandNotPendingDeletion(body)
      return update(record, { body: { ...body, tags: edit(body.tags) } })
    },
  }
}

export function taggedSecret({ record, body }: FoundSecret): Tagged {
  return {
    id: record.id,
    tags: body.tags,
    changed(edit) {
      demandNotInDeleteWindow(body)
      return update(record, { body: { ...body, tags: edit(body.tags) } })
    },
  }
}
