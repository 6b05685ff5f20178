// Parameters of LookupEvents, refused with ActionTrail's own codes (docs/errors.md).
import { type Parameter, parameter } from '../../api/parameters.ts'
import { objectPieces } from '../../api/pieces.ts'
import { unambiguousJson } from '../../runtime/json.ts'
import { type Condition, LOOKUP_KEYS, type LookupKey } from './attributes.ts'
import { secondOf } from './time-range.ts'

const MOMENT = 'UTC to the second, such as 2026-03-01T00:00:00Z.'

export const startTime = parameter('text', MOMENT, 'InvalidParameterStartTime', secondOf)
export const endTime = parameter('text', MOMENT, 'InvalidParameterEndTime', secondOf)

export const maxResults = parameter(
  'integer',
  'A whole number from 1 to 50; 0 stands for 20.',
  'InvalidQueryParameter',
  (text) => {
    const number = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN
    return number <= 50 ? number || 20 : null
  },
)

export const direction = parameter(
  'choice',
  'One of FORWARD (oldest first), BACKWARD (newest first).',
  'InvalidQueryParameter',
  (text) => (text === 'FORWARD' || text === 'BACKWARD' ? text : null),
)

export const nextToken = parameter('text', 'The NextToken of the page before.', 'InvalidQueryParameter', (text) => text)

/** A filter of version 2017-12-04. */
export const filter = parameter('text', 'Only events with exactly this value.', 'InvalidQueryParameter', (text) =>
  text.length <= 1024 ? text : null,
)

const CONDITIONS = 2
/** More than any known client sends. */
const MOST_CONDITIONS = 20

/** Only the first two conditions count; where both have the same key, only the second. */
export const lookupAttributes: Parameter<readonly Condition[]> = {
  ...parameter(
    'json',
    `A list of {"Key","Value"} (LookupAttribute.1.Key and so on), of which two count; keys are ${LOOKUP_KEYS.join(', ')}.`,
    'InvalidQueryParameter',
    readConditions,
  ),
  pieces: objectPieces(MOST_CONDITIONS, ['Key', 'Value']),
}

function readConditions(text: string): readonly Condition[] | null {
  const list = unambiguousJson(text)
  if (!Array.isArray(list)) return null
  const conditions = new Map<LookupKey, string>()
  for (const item of list.slice(0, CONDITIONS) as unknown[]) {
    const { Key, Value } = (item ?? {}) as Record<string, unknown>
    const key = LOOKUP_KEYS.find((name) => name === Key)
    if (key === undefined || typeof Value !== 'string' || Value === '') return null
    conditions.set(key, Value)
  }
  return [...conditions]
}
