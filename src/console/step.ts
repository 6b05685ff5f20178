// The steps of a log-on as pages send them: JSON, each member a text of bounded length.
import { refuse } from '../api/errors.ts'
import { isJsonObject, type JsonObject } from '../runtime/json.ts'
import { boundedText, strangersObjectIn } from './body.ts'

export type Step =
  | { readonly kind: 'password'; readonly userName: string; readonly password: string }
  | { readonly kind: 'access key'; readonly accessKeyId: string; readonly accessKeySecret: string }
  | { readonly kind: 'code'; readonly ticket: string; readonly code: string; readonly save: boolean }
  | { readonly kind: 'binding'; readonly ticket: string; readonly first: string; readonly second: string }
  | { readonly kind: 'new password'; readonly ticket: string; readonly password: string }

/** No text of a log-on is longer; tickets are the longest. */
const MAX_TEXT = 4096

/** As long as RAM's operations take passwords. */
const MAX_PASSWORD = 128

/** Refuses with InvalidParameter what is no step, and a step with a member that belongs to another one or to none. */
export function readStep(body: Uint8Array): Step {
  const given = strangersObjectIn(body)
  if ('AccessKeyId' in given) return withAccessKey(given)
  if ('UserName' in given) return withPassword(given)
  if ('Code' in given) return withCode(given)
  if ('NewPassword' in given) return withNewPassword(given)
  return withBinding(given)
}

function withAccessKey(given: JsonObject): Step {
  demandOnly(given, ['AccessKeyId', 'AccessKeySecret'])
  const accessKeyId = textOf(given, 'AccessKeyId')
  return { kind: 'access key', accessKeyId, accessKeySecret: textOf(given, 'AccessKeySecret') }
}

function withPassword(given: JsonObject): Step {
  demandOnly(given, ['UserName', 'Password'])
  return { kind: 'password', userName: textOf(given, 'UserName'), password: textOf(given, 'Password') }
}

function withCode(given: JsonObject): Step {
  demandOnly(given, ['Ticket', 'Code', 'Save'])
  const { Save: save = false } = given
  if (typeof save !== 'boolean') throw refuse('InvalidParameter', { name: 'Save', rule: 'true or false.' })
  return { kind: 'code', ticket: textOf(given, 'Ticket'), code: textOf(given, 'Code'), save }
}

function withNewPassword(given: JsonObject): Step {
  demandOnly(given, ['Ticket', 'NewPassword'])
  const ticket = textOf(given, 'Ticket')
  const password = textOf(given, 'NewPassword')
  if (password.length > MAX_PASSWORD) throw refuse('InvalidParameter.Password.TooWeak')
  return { kind: 'new password', ticket, password }
}

function withBinding(given: JsonObject): Step {
  demandOnly(given, ['Ticket', 'Bind'])
  const ticket = textOf(given, 'Ticket')
  const { Bind: codes } = given
  if (!isJsonObject(codes)) throw refuse('InvalidParameter', { name: 'Bind', rule: 'An object with Code1 and Code2.' })
  demandOnly(codes, ['Code1', 'Code2'], 'Bind.')
  return { kind: 'binding', ticket, first: textOf(codes, 'Code1'), second: textOf(codes, 'Code2') }
}

function demandOnly(given: JsonObject, own: readonly string[], within = ''): void {
  const foreign = Object.keys(given).find((name) => !own.includes(name))
  if (foreign === undefined) return
  const name = `${within}${foreign}`.slice(0, 64)
  throw refuse('InvalidParameter', { name, rule: `This step takes ${own.join(', ')} and no other member.` })
}

function textOf(given: JsonObject, name: string): string {
  return boundedText(given[name], name, MAX_TEXT)
}
