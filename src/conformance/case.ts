// A case, and its parser. conformance/README.md describes the language to authors.

/** A JSON value of a request or an expectation that may contain variables. */
export type Template = null | boolean | number | string | readonly Template[] | { readonly [name: string]: Template }

export type Members = Readonly<Record<string, Template>>

/** How to sign and send a request, where that differs from the default. All members are optional. */
export interface Sending {
  /** Where parameters and signature go; by default `form`. */
  readonly how?: 'form' | 'query' | 'ACS3 query' | 'ACS3 form'
  readonly method?: string
  readonly path?: string
  /** The offset of the time stamp from now, in seconds. */
  readonly seconds?: number
  readonly nonce?: string
  /** The secret to sign with, in place of the caller's. */
  readonly secret?: string
  /** Parts of the signature to replace before signing: parameters with signature 1.0, headers with ACS3. */
  readonly set?: Readonly<Record<string, string>>
  /** Parts of the signature to omit before signing. */
  readonly without?: readonly string[]
  /** Parameters to change after signing. */
  readonly alter?: Readonly<Record<string, string>>
  /** Text to append to the query or form, unsigned. */
  readonly append?: string
  /** Further headers, unsigned. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface Expectation {
  /** By default 200. */
  readonly status?: number
  /** The code of a refusal; `{"type": "string"}` where the documentation gives none. */
  readonly code?: Template
  /** Members of the answer, by path. */
  readonly answer?: Members
  /** The body as text. */
  readonly text?: Template
  readonly headers?: Members
}

/** One call, one computation of the runner, or a repetition of the last request. */
export interface Step {
  readonly call?: string
  readonly compute?: string
  readonly again?: true
  readonly product?: string
  readonly version?: string
  readonly request?: Members
  /** The credentials to sign with; by default the account's. */
  readonly by?: Readonly<Record<'AccessKeyId' | 'AccessKeySecret' | 'SecurityToken', string>>
  readonly send?: Sending
  readonly expect?: Expectation
  /** Variables, and the paths in the answer that give their values. */
  readonly keep?: Readonly<Record<string, string>>
  /** Codes by which a server says that it lacks this feature. */
  readonly mayLack?: readonly string[]
}

/** A state in which cases begin. A run creates it once. */
export interface Given {
  readonly given?: readonly string[]
  readonly steps: readonly Step[]
}

export interface Case extends Step {
  /** The claim, which is the name of the file. */
  readonly name: string
  /** The folder of the file. */
  readonly group: string
  readonly operation: string
  readonly source: string
  readonly given: readonly string[]
  readonly before: readonly Step[]
  readonly after: readonly Step[]
  /** The event that the call leaves; null for none, undefined where the case does not say. */
  readonly event?: Members | null
}

export interface Suite {
  readonly cases: readonly Case[]
  readonly givens: ReadonlyMap<string, Given>
}

/** A file of the suite: its path below the folder, with `/`, and its text. */
interface SuiteFile {
  readonly path: string
  readonly text: string
}

/** Signals a file that does not follow the language; the message names the file and the fault. */
export class CaseError extends Error {}

const SENDING = ['how', 'method', 'path', 'seconds', 'nonce', 'secret', 'set', 'without', 'alter', 'append', 'headers']
const EXPECTATION = ['status', 'code', 'answer', 'text', 'headers']
const CALL = ['product', 'version', 'request', 'by', 'send', 'expect', 'keep', 'mayLack']
const CASE = ['operation', 'source', 'given', 'before', 'after', 'event', ...CALL]

/** Reads the suite. Throws CaseError. */
export function readSuite(files: readonly SuiteFile[]): Suite {
  const givens = new Map<string, Given>()
  const cases: Case[] = []
  for (const { path, text } of files) {
    const value = parsed(path, text)
    const [group = '', file = ''] = path.split('/')
    const name = file.replace(/\.json$/, '')
    if (group === 'given') givens.set(name, givenOf(path, value))
    else cases.push(caseOf(path, group, name, value))
  }
  for (const { group, name, given } of cases) demandKnown(`${group}/${name}.json`, given, givens)
  for (const [name, { given }] of givens) demandKnown(`given/${name}.json`, given ?? [], givens)
  return { cases, givens }
}

function demandKnown(path: string, names: readonly string[], givens: ReadonlyMap<string, Given>): void {
  const unknown = names.find((name) => !givens.has(name))
  if (unknown !== undefined) throw new CaseError(`${path}: there is no file given/${unknown}.json`)
}

function parsed(path: string, text: string): Members {
  try {
    const value = JSON.parse(text) as Template
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Members
  } catch (error) {
    throw new CaseError(`${path}: ${(error as Error).message}`)
  }
  throw new CaseError(`${path}: a case is a JSON object`)
}

function demandMembers(path: string, value: object, allowed: readonly string[]): void {
  const unknown = Object.keys(value).find((name) => !allowed.includes(name))
  if (unknown !== undefined) throw new CaseError(`${path}: unknown member ${unknown}: there are ${allowed.join(', ')}`)
}

function stepOf(path: string, value: Step): Step {
  demandMembers(path, value, ['call', 'compute', 'again', ...CALL])
  const kinds = [value.call, value.compute, value.again].filter((kind) => kind !== undefined)
  if (kinds.length !== 1) throw new CaseError(`${path}: a step has one of call, compute, again`)
  demandParts(path, value)
  return value
}

function demandParts(path: string, { send, expect }: Step): void {
  if (send) demandMembers(`${path}: send`, send, SENDING)
  if (expect) demandMembers(`${path}: expect`, expect, EXPECTATION)
  if (expect?.code !== undefined && expect.status === undefined)
    throw new CaseError(`${path}: an expected code needs its status`)
}

function givenOf(path: string, members: Members): Given {
  demandMembers(path, members, ['given', 'steps'])
  const value = members as unknown as Given
  return { ...value, steps: value.steps.map((step) => stepOf(path, step)) }
}

function caseOf(path: string, group: string, name: string, members: Members): Case {
  demandMembers(path, members, CASE)
  const value = members as unknown as Partial<Case>
  const { operation, source } = value
  if (!operation || !source) throw new CaseError(`${path}: a case has an operation and a source`)
  demandParts(path, value)
  const steps = (list: readonly Step[] = []) => list.map((step) => stepOf(path, step))
  const parts = { given: value.given ?? [], before: steps(value.before), after: steps(value.after) }
  return { ...value, name, group, operation, source, ...parts }
}
