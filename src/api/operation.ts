// What a call is: one declaration per operation, from which validation, help, event and dispatch derive.
import { type Code, Refusal } from './errors.ts'
import { type Parameters, readableValues, type Values } from './parameters.ts'
import type { Product } from './product.ts'

/** A resource a call names or makes: its type and name in events, its ARN in policies. */
export interface Resource {
  readonly type: string
  readonly name: string
  readonly arn: string
  /** Its tags, for conditions; absent where there are none. */
  readonly tags?: Tags
  /** The action that policies are asked about for this resource, where it is not the operation's. */
  readonly action?: string
  /** The ARN of what the call said instead, such as an alias: a caller who is refused is shown no more than that. */
  readonly asked?: string
  /**
   * Where it belongs to another account: that account, and how it is called there. `name` and `arn` are what the caller said then, and
   * the other account gets an event of the call too.
   */
  readonly owner?: { readonly account: string; readonly name: string; readonly arn: string }
}

export type Tags = readonly (readonly [key: string, value: string])[]

/** A JSON object of an answer; `RequestId` is added by the gateway. */
export type Reply = { readonly [member: string]: ReplyValue }
export type ReplyValue = string | number | boolean | Reply | readonly ReplyValue[]

/** What an operation decided: the answer, and the changes that the ledger commits with it. */
export interface Decision<Change> {
  readonly reply: Reply
  readonly changes: readonly Change[]
  /** Resources that exist only after the call, such as a new key. */
  readonly made?: readonly Resource[]
}

/** A declared operation. `C` is what it may read; `Change` is what it may ask the ledger to write. */
export interface Operation<C, Change, P extends Parameters = Parameters> {
  readonly product: Product
  readonly name: string
  /** One sentence for help and the API reference. */
  readonly summary: string
  /** The contract section that fixes the operation. */
  readonly source: string
  readonly parameters: P
  /** Whether the call changes what is stored: `eventRW` of its event (docs/reference/events.md). */
  readonly access: 'Read' | 'Write'
  /** The trail: parameters and reply members that events show. null: the call is not recorded. */
  readonly trail: {
    readonly show: readonly Extract<keyof NoInfer<P>, string>[]
    readonly reply: readonly string[]
  } | null
  /** The action that policies allow or deny. null: any authenticated caller may call it. */
  readonly action: string | null
  /** Its answers are JSON whatever format is asked for: they hold free-form objects. */
  readonly jsonOnly?: true
  /** What the call is refused with when it would pass a quota. */
  readonly quotaRefusal?: Extract<Code, `LimitExceeded.${string}`>
  /** What a user may do to itself without a policy, as far as the account's security preference says so. */
  readonly selfService?: 'password' | 'access keys'
  /** Codes it refuses with, beyond those that any call can meet. */
  readonly refusals: readonly Code[]
  /** The tags that the call gives to a resource, for conditions. */
  requestTags?(values: Values<NoInfer<P>>): Tags
  /**
   * The resources the call names, resolved as far as they exist; policies and events are about these. In parts, where parameters name them apart:
   * the event of a call that is refused for one of them still tells of the others.
   */
  readonly locate: Locate<Values<NoInfer<P>>, C> | readonly Locate<Values<NoInfer<P>>, C>[]
  decide(values: Values<NoInfer<P>>, context: C): Promise<Decision<Change>>
}

type Locate<V, C> = (values: V, context: C) => Promise<readonly Resource[]>

/** What an operation's file says; product and action follow. `action: null` lets any authenticated caller call it. */
export type Declaration<C, Change, P extends Parameters> = Omit<Operation<C, Change, P>, 'product' | 'action'> & {
  readonly action?: null
}

/** Makes the operations of a product out of their declarations: their action is `service:Name`. */
export function operationsOf<C, Change>(product: Product) {
  return <P extends Parameters>(declaration: Declaration<C, Change, P>): Operation<C, Change, P> => ({
    ...declaration,
    product,
    action: declaration.action === null ? null : `${product.service}:${declaration.name}`,
  })
}

/** An operation whose parameters are checked, as dispatch sees it. */
export interface AnyOperation<C, Change> extends Omit<Operation<C, Change>, 'locate' | 'decide' | 'requestTags'> {
  requestTags?(values: never): Tags
  readonly locate: Locate<never, C> | readonly Locate<never, C>[]
  decide(values: never, context: C): Promise<Decision<Change>>
}

type Located<C> = Pick<AnyOperation<C, unknown>, 'locate' | 'parameters'>

/** The resources that the call names. Refuses as the operation says. */
export async function locate<C>({ locate }: Located<C>, values: never, context: C): Promise<readonly Resource[]> {
  if (typeof locate === 'function') return locate(values, context)
  return (await Promise.all(locate.map((part) => part(values, context)))).flat()
}

/** The resources that a refused call names, as far as its parameters can be read and resolved. */
export function locateReadable<C>(
  operation: Located<C>,
  given: ReadonlyMap<string, string>,
  context: C,
): Promise<readonly Resource[]> {
  return locateParts(operation, readableValues(operation.parameters, given) as never, context)
}

/** The resources of those parts that do not refuse. */
export async function locateParts<C>(
  { locate }: Pick<Located<C>, 'locate'>,
  values: never,
  context: C,
): Promise<readonly Resource[]> {
  const parts = typeof locate === 'function' ? [locate] : locate
  const found = parts.map(async (part) => {
    try {
      return await part(values, context)
    } catch (error) {
      if (error instanceof Refusal) return []
      throw error
    }
  })
  return (await Promise.all(found)).flat()
}
