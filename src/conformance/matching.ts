// Compares answers with the expectations of cases.

import type { Reply } from './call.ts'
import { CaseError, type Expectation, type Members, type Template } from './case.ts'
import { at, filled, filledIn, type Variables } from './values.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  array: (value) => Array.isArray(value),
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  uuid: (value) => typeof value === 'string' && UUID.test(value),
  date: (value) => typeof value === 'string' && DATE.test(value),
  base64: (value) => typeof value === 'string' && value !== '' && BASE64.test(value),
}

type Check = (value: unknown, argument: Template, variables: Variables) => boolean

const CHECKS: Readonly<Record<string, Check>> = {
  pattern: (value, argument, variables) => {
    const quote = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    return typeof value === 'string' && new RegExp(filled(String(argument), variables, quote)).test(value)
  },
  type: (value, argument) => {
    const is = TYPES[String(argument)]
    if (!is) throw new CaseError(`there is no type ${argument}: there are ${Object.keys(TYPES).join(', ')}`)
    return is(value)
  },
  absent: (value) => value === undefined,
  not: (value, argument, variables) => value !== undefined && value !== filledIn(argument, variables),
  oneOf: (value, argument, variables) =>
    (filledIn(argument, variables) as readonly Template[]).includes(value as never),
  bytes: (value, argument) => typeof value === 'string' && Buffer.from(value, 'base64').length === argument,
  length: (value, argument) => Array.isArray(value) && value.length === argument,
  has: (value, argument, variables) => Array.isArray(value) && value.some((item) => alike(item, argument, variables)),
  hasNot: (value, argument, variables) =>
    Array.isArray(value) && !value.some((item) => alike(item, argument, variables)),
}

/** Whether a value fits the template: its checks, its members if it has some, or the value itself. */
function alike(value: unknown, template: Template, variables: Variables): boolean {
  if (typeof template !== 'object' || template === null) return value === filledIn(template, variables)
  if (Array.isArray(template))
    return (
      Array.isArray(value) &&
      value.length === template.length &&
      template.every((item, i) => alike(value[i], item, variables))
    )
  const members = template as Members
  const [kind = ''] = Object.keys(members)
  const check = CHECKS[kind]
  if (check) return check(value, members[kind] ?? null, variables)
  return Object.entries(members).every(([path, member]) => alike(at(value, path), member, variables))
}

/** Members whose values must not appear in a report. */
const SECRET = /secret(?!name|type|list)|token|plaintext|password|privatekey/i

/** A value as a report shows it. */
function shown(path: string, value: unknown): string {
  if (value === undefined) return 'absent'
  if (SECRET.test(path)) return 'a value that is not shown'
  const text = JSON.stringify(value)
  return text.length > 120 ? `${text.slice(0, 120)}…` : text
}

/** The faults of an answer, each in one sentence; empty for an expected answer. */
export function faultsOf(reply: Reply, expected: Expectation, variables: Variables): readonly string[] {
  const { status = 200, code, answer = {}, text, headers = {} } = expected
  const got = `${reply.status}${reply.code === null ? '' : ` ${reply.code}`}`
  const due = `${status}${code === undefined ? '' : ` ${typeof code === 'string' ? code : JSON.stringify(code)}`}`
  const isCode = code === undefined ? reply.code === null : alike(reply.code ?? undefined, code, variables)
  if (reply.status !== status || !isCode) return [`answered ${got}, and should answer ${due}`]
  const unlike = (where: string, value: unknown, template: Template) =>
    alike(value, template, variables)
      ? []
      : [`${where} is ${shown(where, value)}, and should be ${wanted(where, template, variables)}`]
  return [
    ...Object.entries(answer).flatMap(([path, template]) => unlike(path, at(reply.body, path), template)),
    ...Object.entries(headers).flatMap(([name, template]) =>
      unlike(`the header ${name}`, reply.headers[name], template),
    ),
    ...(text === undefined || alike(reply.text, text, variables) ? [] : [`the body is not ${JSON.stringify(text)}`]),
  ]
}

/** An expected value as a report shows it: patterns keep their dollar signs, and secrets the names of their variables. */
function wanted(path: string, template: Template, variables: Variables): string {
  const isShownAsIs = SECRET.test(path) || JSON.stringify(template).includes('"pattern"')
  return JSON.stringify(isShownAsIs ? template : filledIn(template, variables))
}

/** The faults in the form that every answer has. Cases about text or headers may ask for XML. */
export function formFaultsOf({ status, headers, body, code }: Reply, expected: Expectation): readonly string[] {
  const type = headers['content-type'] ?? ''
  if (!/^application\/json\b/i.test(type))
    return expected.text || expected.headers ? [] : [`the answer is no JSON, but ${type || 'without a Content-Type'}`]
  const id = at(body, 'RequestId')
  const faults = typeof id === 'string' && UUID.test(id) ? [] : ['RequestId is no UUID']
  const header = headers['x-acs-request-id']
  if (header !== undefined && header !== id) faults.push('the header x-acs-request-id is not the RequestId')
  if (status >= 300 && code === null) faults.push(`answered ${status} without a Code`)
  if (status >= 300 && typeof at(body, 'Message') !== 'string') faults.push('a refusal has no Message')
  return faults
}

/** The faults of an event; empty for an expected event. */
export function eventFaults(event: unknown, expected: Members, variables: Variables): readonly string[] {
  return Object.entries(expected).flatMap(([path, template]) =>
    alike(at(event, path), template, variables)
      ? []
      : [`${path} of the event is ${shown(path, at(event, path))}, and should be ${wanted(path, template, variables)}`],
  )
}
