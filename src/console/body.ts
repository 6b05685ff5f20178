// Parses the JSON bodies of pages, and the texts in them.
import { refuse } from '../api/errors.ts'
import { isJsonObject, type JsonObject } from '../runtime/json.ts'

/** The limit on bodies that are parsed before the person is known, in bytes: above it, parsing takes long. Log-ons take a few texts of 4,096 characters. */
const MAX_STRANGERS_BYTES = 32_768

/** As `objectIn`, of a person who is not known. */
export function strangersObjectIn(body: Uint8Array): JsonObject {
  if (body.length <= MAX_STRANGERS_BYTES) return objectIn(body)
  throw refuse('ParseRequestParameterException', { rule: `The body is longer than ${MAX_STRANGERS_BYTES} bytes.` })
}

/** The JSON object of a body. Refuses anything else with ParseRequestParameterException. */
export function objectIn(body: Uint8Array): JsonObject {
  const value = parsed(body)
  if (isJsonObject(value)) return value
  throw refuse('ParseRequestParameterException', { rule: 'The body must be a JSON object.' })
}

/** A text of 1 to `max` characters. Refuses anything else with InvalidParameter, which names the member. */
export function boundedText(value: unknown, name: string, max: number): string {
  if (typeof value === 'string' && value !== '' && value.length <= max) return value
  throw refuse('InvalidParameter', { name, rule: `A text of 1 to ${max} characters.` })
}

/** The value of a JSON text in UTF-8; undefined for anything else. */
function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined
  }
}
