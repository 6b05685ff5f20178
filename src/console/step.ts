// The steps of a log-on as pages send them: JSON, each member a text of bounded length.
import { refuse } from '../api/errors.ts'

export type Step =
  | { readonly kind: 'password'; readonly userName: string; readonly password: string }
  | { readonly kind: 'access key'; readonly accessKeyId: string; readonly accessKeySecret: string }
  | { readonly kind: 'code'; readonly ticket: string; readonly code: string; readonly save: boolean }
  | { readonly kind: 'binding'; readonly ticket: string; readonly first: string; readonly second: string }
  | { readonly kind: 'new password'; readonly ticket: string; readonly password: string }

/** No text of a log-on is longer; tickets are the longest. */
const MAX_TEXT = 4096

/** Refuses with InvalidParameter what is no step. */
export function readStep(body: Uint8Array): Step {
  const given = objectIn(body)
  const text = (name: string, of: Readonly<Record<string, unknown>> = given): string => {
    const value = of[name]
    if (typeof value === 'string' && value !== '' && value.length <= MAX_TEXT) return value
    throw refuse('InvalidParameter', { name, rule: `A text of 1 to ${MAX_TEXT} characters.` })
  }
  if ('AccessKeyId' in given)
    return { kind: 'access key', accessKeyId: text('AccessKeyId'), accessKeySecret: text('AccessKeySecret') }
  if ('UserName' in given) return { kind: 'password', userName: text('UserName'), password: text('Password') }
  const ticket = text('Ticket')
  if ('Code' in given) return { kind: 'code', ticket, code: text('Code'), save: given['Save'] === true }
  if ('NewPassword' in given) return { kind: 'new password', ticket, password: newPassword(text('NewPassword')) }
  const bind = given['Bind']
  if (!isObject(bind)) throw refuse('InvalidParameter', { name: 'Bind', rule: 'An object with Code1 and Code2.' })
  return { kind: 'binding', ticket, first: text('Code1', bind), second: text('Code2', bind) }
}

/** As long as RAM's operations take passwords. */
function newPassword(text: string): string {
  if (text.length > 128) throw refuse('InvalidParameter.Password.TooWeak')
  return text
}

/** The JSON object of a body. Refuses with ParseRequestParameterException what is none. */
export function objectIn(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    if (isObject(value)) return value
  } catch {
    // Refused below, as any other body.
  }
  throw refuse('ParseRequestParameterException', { rule: 'The body must be a JSON object.' })
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
