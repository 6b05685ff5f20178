import type { Permission } from '../parts/allowed.tsx'
import { useMay } from './queries.ts'

/** The caller's permissions on one resource, read in one call. */
export function usePermissions(resource: string, actions: readonly string[]): (action: string) => Permission {
  const may = useMay(actions.map((Action) => ({ Action, Resource: resource })))
  return (action) => ({ answer: may(action, resource), action, resource })
}
