// Parameters of the operations on trails, refused with ActionTrail's own codes (docs/errors.md).
import { clearable, matching, optional, type Parameter, parameter, shaped, truthIn } from '../../api/parameters.ts'
import type { EventRw } from './trail.ts'

const NAME = /^[a-z][a-z0-9_-]{5,35}$/
const NAME_RULE = '6 to 36 lower-case letters, digits, _ and -, a letter first.'

/** The name of a new trail. */
export const newTrailName = matching(NAME_RULE, 'InvalidTrailNameException', NAME)
/** The name of an existing trail. No trail has a name that breaks the rule. */
export const trailName = matching(NAME_RULE, 'TrailNotFoundException', NAME)
export const nameList: Parameter<readonly string[] | null> = optional(
  parameter('text', 'Names of trails with commas between.', 'InvalidTrailNameException', (text) => {
    const names = text.split(',').map((name) => name.trim())
    return text.length <= 8192 && names.every((name) => NAME.test(name)) ? names : null
  }),
  null,
)

export const bucketName = clearable(
  matching(
    '3 to 63 lower-case letters, digits and -, a letter or digit first.',
    'InvalidBucketNameException',
    /^[a-z0-9][a-z0-9-]{2,62}$/,
  ),
)
export const keyPrefix = clearable(
  matching(
    '6 to 32 letters, digits, _, / and -, a letter first.',
    'InvalidPrefixException',
    /^[A-Za-z][A-Za-z0-9_/-]{5,31}$/,
  ),
)
export const roleArn = clearable(
  matching(
    'The ARN of a role, acs:ram::ACCOUNT:role/NAME.',
    'InvalidQueryParameter',
    /^acs:ram::\d{1,32}:role\/[A-Za-z0-9.@_-]{1,64}$/,
  ),
)
export const roleName = optional(
  matching('The name of a role.', 'InvalidQueryParameter', /^[A-Za-z0-9.@_-]{1,64}$/),
  null,
)
export const slsProjectArn = clearable(
  matching(
    'acs:log:REGION:ACCOUNT:project/NAME. It is kept; nothing is delivered there.',
    'SlsProjectDoesNotExistException',
    /^acs:log:[a-z0-9-]{1,64}:\d{1,32}:project\/[a-z0-9][a-z0-9_-]{1,127}$/,
  ),
)
export const maxComputeProjectArn = clearable(
  matching(
    'acs:odps:REGION:ACCOUNT:project/actiontrail_NAME. It is kept; nothing is delivered there.',
    'InvalidQueryParameter',
    /^acs:odps:[a-z0-9-]{1,64}:\d{1,32}:project\/actiontrail_\w{1,128}$/,
  ),
)

/** A member of a closed list; case matters. */
function oneOf<const T extends string>(...choices: readonly T[]): Parameter<T> {
  const read = (text: string) => choices.find((choice) => choice === text) ?? null
  return shaped(parameter('choice', `One of ${choices.join(', ')}.`, 'InvalidQueryParameter', read), { choices })
}

/** Selects events by `eventRW`. */
export const eventRw: Parameter<EventRw> = oneOf('Write', 'Read', 'All')
/** All, or regions. `checkTrailRegion` refuses regions that are not served. */
export const trailRegion = parameter(
  'text',
  'All, or region IDs with commas between.',
  'InvalidQueryParameter',
  (text) => {
    const regions = [...new Set(text.split(',').map((region) => region.trim()))]
    if (text === 'All') return text
    return text.length <= 4096 && regions.every((region) => /^[a-z0-9-]{1,64}$/.test(region)) ? regions.join(',') : null
  },
)

export const flag = optional(parameter('boolean', 'true or false.', 'InvalidQueryParameter', truthIn), false)
export const acceptLanguage = optional(oneOf('zh-CN', 'en-US'), 'en-US')
