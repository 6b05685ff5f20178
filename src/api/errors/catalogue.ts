// The error catalogue: every refusal that a client can receive, with its HTTP status and message (docs/errors.md explains each).
import { actiontrail } from './actiontrail.ts'
import { anyCall } from './any-call.ts'
import { console } from './console.ts'
import { kms } from './kms.ts'
import { ram } from './ram.ts'
import { sts } from './sts.ts'

export const catalogue = { ...anyCall, ...kms, ...ram, ...sts, ...actiontrail, ...console } as const

export type Code = keyof typeof catalogue

type Slots<Text extends string> = Text extends `${string}{${infer Slot}}${infer Rest}` ? Slot | Slots<Rest> : never
type SlotsOf<C extends Code> = Slots<C | (typeof catalogue)[C]['message']>

/** The texts for the slots of a code and its message: one for each slot, and no argument for a code without slots. */
export type Details<C extends Code> = [SlotsOf<C>] extends [never] ? [] : [details: Record<SlotsOf<C>, string>]

/** The codes without slots. */
export type PlainCode = { [C in Code]: Details<C> extends [] ? C : never }[Code]
