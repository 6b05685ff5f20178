// The operations of ActionTrail by version of its API (docs/reference/operations/).
import type { ActionTrailOperation } from './operation.ts'
import { CancelEventVerification } from './operations/cancel-event-verification.ts'
import { CreateTrail, FormerCreateTrail } from './operations/create-trail.ts'
import { DeleteTrail } from './operations/delete-trail.ts'
import { DescribeRegions } from './operations/describe-regions.ts'
import { DescribeTrails, FormerDescribeTrails } from './operations/describe-trails.ts'
import { GetDataEventSelector } from './operations/get-data-event-selector.ts'
import { GetGlobalEventsStorageRegion } from './operations/get-global-events-storage-region.ts'
import { FormerGetTrailStatus, GetTrailStatus } from './operations/get-trail-status.ts'
import { InspectEventChain } from './operations/inspect-event-chain.ts'
import { FormerLookupEvents, LookupEvents } from './operations/lookup-events.ts'
import { StartEventVerification } from './operations/start-event-verification.ts'
import { StartLogging } from './operations/start-logging.ts'
import { StopLogging } from './operations/stop-logging.ts'
import { FormerUpdateTrail, UpdateTrail } from './operations/update-trail.ts'

/** The operations of version 2020-07-06. */
export const actionTrailOperations: readonly ActionTrailOperation[] = [
  CancelEventVerification,
  CreateTrail,
  DeleteTrail,
  DescribeRegions,
  DescribeTrails,
  GetDataEventSelector,
  GetGlobalEventsStorageRegion,
  GetTrailStatus,
  InspectEventChain,
  LookupEvents,
  StartEventVerification,
  StartLogging,
  StopLogging,
  UpdateTrail,
]

/** The operations of version 2017-12-04, which also serve version 2015-09-28. */
export const formerActionTrailOperations: readonly ActionTrailOperation[] = [
  FormerCreateTrail,
  DeleteTrail,
  DescribeRegions,
  FormerDescribeTrails,
  FormerGetTrailStatus,
  FormerLookupEvents,
  StartLogging,
  StopLogging,
  FormerUpdateTrail,
]
