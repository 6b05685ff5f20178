// Checks a form's value against the parameter's declaration before it is sent. The service checks again: the error of a rule that only the
// service knows is shown at the same place.
import type { DeclaredParameter, Limits } from './declarations.ts'

/** What a field holds: typed text or its bytes, a number, a choice. */
export type Value = string | number | boolean | Uint8Array | null | undefined

export type Fault =
  | { readonly rule: 'required' | 'pattern' }
  | { readonly rule: 'range'; readonly min: number; readonly max: number }
  | { readonly rule: 'shortest' | 'longest' | 'bytes' | 'items'; readonly count: number }
  | { readonly rule: 'character'; readonly character: string }

/** Whether a value is required: an empty text is a value only if the parameter accepts it. */
export function isNeeded({ Required, MayBeEmpty }: DeclaredParameter): boolean {
  return Required && MayBeEmpty !== true
}

/** The error of a parameter's value, or null. `needed` is for forms that are stricter than the declaration. */
export function faultOf(declared: DeclaredParameter, value: Value, needed = isNeeded(declared)): Fault | null {
  if (isAbsent(value)) return needed ? { rule: 'required' } : null
  return limitFault(declared, value)
}

/** The error of a member of a list's item. */
export function memberFaultOf(limits: Limits, value: string | undefined): Fault | null {
  if (isAbsent(value)) return limits.MinLength ? { rule: 'required' } : null
  const fault = limitFault(limits, value)
  if (fault?.rule !== 'pattern') return fault
  const [character] = [...String(value)].filter((one) => !matches(limits, one))
  return character === undefined ? fault : { rule: 'character', character }
}

function isAbsent(value: Value): value is '' | null | undefined {
  return value === undefined || value === null || value === ''
}

function limitFault(limits: Limits, value: Exclude<Value, null | undefined>): Fault | null {
  if (typeof value === 'number') return rangeFault(limits, value)
  if (typeof value === 'boolean') return null
  const { MinLength: min = 0, MaxLength: max = Number.POSITIVE_INFINITY, MaxBytes } = limits
  if (MaxBytes !== undefined && bytesOf(value) > MaxBytes) return { rule: 'bytes', count: MaxBytes }
  if (typeof value !== 'string') return null
  const length = [...value].length
  if (length < min) return { rule: 'shortest', count: min }
  if (length > max) return { rule: 'longest', count: max }
  return matches(limits, value) ? null : { rule: 'pattern' }
}

function rangeFault(
  { Min: min = Number.NEGATIVE_INFINITY, Max: max = Number.POSITIVE_INFINITY }: Limits,
  value: number,
) {
  return Number.isInteger(value) && value >= min && value <= max ? null : { rule: 'range' as const, min, max }
}

function matches({ Pattern }: Limits, value: string): boolean {
  return Pattern === undefined || new RegExp(Pattern, 'u').test(value)
}

function bytesOf(value: string | Uint8Array): number {
  return typeof value === 'string' ? new TextEncoder().encode(value).length : value.length
}
