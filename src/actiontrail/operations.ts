// The operations of ActionTrail, by version of its API (contract/actiontrail.md section 5.3 tells the versions apart).
import type { ActionTrailOperation } from './operation.ts'
import { FormerLookupEvents, LookupEvents } from './operations/lookup-events.ts'

/** Those of 2020-07-06. */
export const actionTrailOperations: readonly ActionTrailOperation[] = [LookupEvents]

/** Those of 2017-12-04, which answer 2015-09-28 as well. */
export const formerActionTrailOperations: readonly ActionTrailOperation[] = [FormerLookupEvents]
