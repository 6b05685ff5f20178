// Some filters reveal properties of keys. The service refuses them to a caller who may not read these properties of every key.
import type { Permission } from '../../parts/allowed.tsx'
import { useArns } from '../../service/arns.ts'
import { useMayAsked } from '../../service/queries.ts'
import type { Wanted } from '../find-keys.ts'

/** For each of these filters, the permission that the caller lacks, if any. */
export type FilterLacks = Readonly<Partial<Record<keyof Wanted, Permission>>>

/** Finds the filters that the caller may not use; null until they are known. */
export function useFilterLacks(): FilterLacks | null {
  const arns = useArns()
  const describe = { Action: 'kms:DescribeKey', Resource: arns.kms('key/*') }
  const aliases = { Action: 'kms:ListAliases', Resource: arns.kms('alias') }
  const tags = { Action: 'kms:ListResourceTags', Resource: arns.kms('key/*') }
  const may = useMayAsked([describe, aliases, tags])
  if (!may) return null
  const lacked = (filter: keyof Wanted, ...needed: readonly (typeof describe)[]): FilterLacks => {
    for (const { Action: action, Resource: resource } of needed) {
      const answer = may(action, resource)
      if (!answer.Allowed) return { [filter]: { answer, action, resource } }
    }
    return {}
  }
  return { ...lacked('text', describe, aliases), ...lacked('tag', tags), ...lacked('origin', describe) }
}

/** The wanted values of the filters that the caller may use; null until these are known. */
export function allowedOf(wanted: Wanted, lacks: FilterLacks | null): Wanted | null {
  if (!lacks) return wanted.text || wanted.tag || wanted.origin ? null : wanted
  return {
    ...wanted,
    ...(lacks.text && { text: '' }),
    ...(lacks.tag && { tag: '' }),
    ...(lacks.origin && { origin: '' }),
  }
}
