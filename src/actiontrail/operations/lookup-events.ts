import { refuse } from '../../api/errors.ts'
import { locateAnyResource } from '../../api/locate.ts'
import { optional } from '../../api/parameters.ts'
import { isoSeconds } from '../../api/time.ts'
import { NONCE_BYTES } from '../../cryptography/xaes.ts'
import type { Condition, LookupKey } from '../lookup/attributes.ts'
import { lookUp } from '../lookup/lookup.ts'
import type { PageToken } from '../lookup/page-token.ts'
import { direction, endTime, filter, lookupAttributes, maxResults, nextToken, startTime } from '../lookup/parameters.ts'
import { timeRange } from '../lookup/time-range.ts'
import { type ActionTrailContext, operation } from '../operation.ts'

const TOKEN_VALID_MS = 24 * 3_600_000

const common = {
  StartTime: optional(startTime, null),
  EndTime: optional(endTime, null),
  NextToken: optional(nextToken, null),
  MaxResults: optional(maxResults, 20),
}

/** Events leave the token out: with it, others could continue the lookup. */
const shown = ['StartTime', 'EndTime', 'MaxResults'] as const

/** What both versions declare alike. */
const declaration = {
  name: 'LookupEvents',
  summary: 'Lists events of the last 90 days (or of the whole retention), by time and by attributes.',
  access: 'Read',
  jsonOnly: true,
  refusals: [
    'InvalidQueryParameter',
    'InvalidParameterCombination',
    'InvalidParameterStartTime',
    'InvalidParameterEndTime',
  ],
  locate: locateAnyResource,
} as const

export const LookupEvents = operation({
  ...declaration,
  parameters: {
    ...common,
    Direction: optional(direction, 'BACKWARD'),
    LookupAttribute: optional(lookupAttributes, [] as readonly Condition[]),
  },
  trail: { show: [...shown, 'Direction', 'LookupAttribute'], reply: [] },
  async decide(values, context) {
    const order = values.Direction === 'FORWARD' ? 'oldest' : 'newest'
    return pageOfEvents(values, values.LookupAttribute, order, context)
  },
})

/** The filters of version 2017-12-04. `Request` is the id of a request, which is also the id of its event. */
const FILTERS = {
  Event: 'EventId',
  Request: 'EventId',
  EventType: 'EventType',
  ServiceName: 'ServiceName',
  EventName: 'EventName',
  User: 'User',
  ResourceType: 'ResourceType',
  ResourceName: 'ResourceName',
  EventRW: 'EventRW',
  EventAccessKeyId: 'EventAccessKeyId',
} as const satisfies Readonly<Record<string, LookupKey>>

const filterNames = Object.keys(FILTERS) as (keyof typeof FILTERS)[]

const none = optional(filter, null)

export const FormerLookupEvents = operation({
  ...declaration,
  parameters: {
    ...common,
    Event: none,
    Request: none,
    EventType: none,
    ServiceName: none,
    EventName: none,
    User: none,
    ResourceType: none,
    ResourceName: none,
    EventRW: none,
    EventAccessKeyId: none,
  } satisfies Readonly<Record<keyof typeof common | keyof typeof FILTERS, unknown>>,
  trail: { show: [...shown, ...filterNames], reply: [] },
  async decide(values, context) {
    const given = filterNames.flatMap((name): Condition[] => {
      const value = values[name]
      return value === null ? [] : [[FILTERS[name], value]]
    })
    return pageOfEvents(values, given, 'newest', context)
  },
})

interface Asked {
  readonly StartTime: number | null
  readonly EndTime: number | null
  readonly NextToken: string | null
  readonly MaxResults: number
}

async function pageOfEvents(
  asked: Asked,
  conditions: readonly Condition[],
  order: 'oldest' | 'newest',
  context: ActionTrailContext,
) {
  const { account, region } = context.scope
  const token = asked.NextToken === null ? null : continued(asked, conditions, order, context)
  const lookup = token?.lookup ?? {
    account,
    region,
    conditions,
    order,
    after: null,
    ...timeRange({ start: asked.StartTime, end: asked.EndTime }, Math.floor(context.now / 1000), context.settings),
  }
  const { events, next } = await lookUp(
    { ...lookup, limit: asked.MaxResults },
    context.ledger.events,
    context.eventIndex,
  )
  return {
    reply: {
      StartTime: isoSeconds(lookup.from * 1000),
      EndTime: isoSeconds(lookup.to * 1000),
      ...(next && {
        NextToken: context.pageTokens.issue(lookup, next, context.now, context.randomBytes(NONCE_BYTES)),
      }),
      Events: events as never,
    },
    changes: [],
  }
}

/** Opens the token of the call. Refuses a token that was altered, has expired, or belongs to another lookup. */
function continued(
  { NextToken, StartTime, EndTime }: Asked,
  conditions: readonly Condition[],
  order: 'oldest' | 'newest',
  { pageTokens, scope, now }: ActionTrailContext,
): PageToken {
  const token = pageTokens.open(scope.account, NextToken ?? '')
  const same =
    token !== null &&
    token.issuedAt + TOKEN_VALID_MS > now &&
    token.lookup.region === scope.region &&
    token.lookup.order === order &&
    JSON.stringify(token.lookup.conditions) === JSON.stringify(conditions) &&
    // The first page may have moved a time of the client (to now, or to the retention), and the client sends the original time again.
    (StartTime === null || StartTime <= token.lookup.from) &&
    (EndTime === null || EndTime >= token.lookup.to)
  if (!same) throw refuse('InvalidQueryParameter')
  return token
}
