// Parameters that several operations on secrets share.
import { refuse } from '../../api/errors.ts'
import { choice, json, optional, type Parameter, shaped, text } from '../../api/parameters.ts'
import { CURRENT } from './stages.ts'

const MAX_VALUE_BYTES = 30_720
/** No control characters, and no lone surrogates, since UTF-8 can't encode them. */
const LABEL = /^[^\p{Cc}\p{Cs}]{1,64}$/u
const LABEL_RULE = '1 to 64 characters, none of them a control character.'

export const versionId = text({ max: 64, pattern: LABEL, rule: LABEL_RULE })
export const versionStage = text({ max: 64, pattern: LABEL, rule: LABEL_RULE })

/** The parameter SecretData: any text, never decoded. */
export const secretData: Parameter<string> = {
  type: 'text',
  rule: `Any text of at most ${MAX_VALUE_BYTES} bytes in UTF-8.`,
  secret: true,
  required: true,
  shape: { mostBytes: MAX_VALUE_BYTES },
  read(name, value) {
    if (Buffer.byteLength(value) > MAX_VALUE_BYTES) throw refuse('InvalidParameter', { name, rule: this.rule })
    return value
  },
}

export const secretDataType = optional(choice('text', 'binary'), 'text')

const MAX_STAGES_OF_VERSION = 8

/** The parameter VersionStages: a JSON array of stages. */
export const versionStageList = optional(
  shaped(
    json<readonly string[]>({
      max: 2048,
      rule: `A JSON array like ["ACSCurrent","next"] of 1 to ${MAX_STAGES_OF_VERSION} stages, each of ${LABEL_RULE}`,
      check(value) {
        if (!Array.isArray(value) || value.length === 0 || value.length > MAX_STAGES_OF_VERSION) return null
        const all = value as unknown[]
        const fits = all.every((stage): stage is string => typeof stage === 'string' && LABEL.test(stage))
        return fits ? [...new Set(all as string[])] : null
      },
    }),
    { mostItems: MAX_STAGES_OF_VERSION },
  ),
  [CURRENT] as readonly string[],
)
