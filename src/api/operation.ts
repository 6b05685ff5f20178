// Operations. Each has one declaration (such as kms/operations/encrypt.ts), from which everything else about it is derived:
//
//   parameters           validation, help of the command line, the reference of operations
//   action and locate    the action and the resources for policies, and the resources in events
//   trail, access        the content of events
//   refusals             the reference, and a test that compares them with the actual refusals
//   decide               the reply, and the changes that the ledger commits with the event
//
// test/gateway/operations.json is the golden file of all declarations. test/api/declarations.must-not-compile.ts has declarations that must
// not compile.
import type { MaybePromise } from '../runtime/maybe-promise.ts'
import type { Caller } from './caller.ts'
import type { Code } from './errors/catalogue.ts'
import type { Parameters, Values } from './parameters.ts'
import type { Product } from './product.ts'

/** A resource that a call names or creates: events show its type and name, policies match its ARN. */
export interface Resource {
  readonly type: string
  readonly name: string
  readonly arn: string
  /** The resource's tags, for conditions in policies; absent where it has none. */
  readonly tags?: Tags
  /** The action that policies must allow on this resource, if it differs from the operation's action. */
  readonly action?: string
  /**
   * Set where the resource stands for all resources whose ARN begins with `arn` up to the final `*`. Policies must allow each of them, whatever its
   * tags.
   */
  readonly every?: true
  /** A second ARN of the resource. A Deny on it counts as well; an Allow on it does not. */
  readonly deniedOn?: string
  /** The service principal that may use the resource without a policy: the cloud product that owns a service key. */
  readonly usedBy?: string
  /** Set where policies are not asked about the resource, only about the others: only the event names it. */
  readonly onlyNamed?: true
  /** The ARN that the call named instead of the resource, such as an alias. A denial shows only this ARN. */
  readonly asked?: string
  /**
   * The owner of a resource of another account, with the resource's real name and ARN; `name` and `arn` above are then as the caller sent them.
   * The owner's trail records the call too.
   */
  readonly owner?: { readonly account: string; readonly name: string; readonly arn: string }
}

export type Tags = readonly (readonly [key: string, value: string])[]

/** The members of an answer. The gateway adds `RequestId`. */
export type Reply = { readonly [member: string]: ReplyValue }
export type ReplyValue = string | number | boolean | Reply | readonly ReplyValue[]

/** The result of an operation: its answer, and the changes that the ledger commits before the answer goes out. */
export interface Decision<Change> {
  readonly reply: Reply
  readonly changes: readonly Change[]
  /** Resources that the call creates, such as a new key. */
  readonly created?: readonly Resource[]
  /** The bodies of further events, about the service's own changes of other resources as part of the call. */
  readonly ownWork?: readonly string[]
}

/** What the account's security preference can allow users to manage about themselves. */
export type SelfService = 'password' | 'access keys' | 'MFA devices'

/** A declared operation. `C` is its context; `Change` is the type of changes that the ledger commits for it. */
export interface Operation<C, Change, P extends Parameters = Parameters> {
  readonly product: Product
  readonly name: string
  /** A sentence or two, for help and for the reference. */
  readonly summary: string
  readonly parameters: P
  /** Whether the call changes what is stored: `eventRW` of its event (docs/reference/events.md). */
  readonly access: 'Read' | 'Write'
  /**
   * The parameters and the members of the reply that events show. null: calls have no event. `unverified`: the parameters that events show while the
   * claimant is not verified; all of `show` where it is absent.
   */
  readonly trail: {
    readonly show: readonly Extract<keyof NoInfer<P>, string>[]
    readonly unverified?: readonly Extract<keyof NoInfer<P>, string>[]
    readonly reply: readonly string[]
  } | null
  /** The action in policies. null: every authenticated caller may call it. */
  readonly action: string | null
  /** Further names of the action: an Allow under any of them suffices, and a Deny under any denies. */
  readonly otherActions?: readonly string[]
  /** Replies are always JSON, even if the request asks for another format, because they contain free-form objects. */
  readonly jsonOnly?: true
  /** The refusal of a call that would exceed a quota. */
  readonly quotaRefusal?: Extract<Code, `LimitExceeded.${string}`>
  /** Set where the account's security preference can allow users to do this to themselves without a policy. */
  readonly selfService?: SelfService
  /** The codes of its refusals, besides those of any call (docs/errors.md#any-call). */
  readonly refusals: readonly Code[]
  /** The tags that the call sets, for conditions in policies. */
  requestTags?(values: Values<NoInfer<P>>): Tags
  /** Set where the call is not signed and a token among its parameters proves the caller. */
  readonly claimant?: Claimant<Values<NoInfer<P>>, C>
  /** The values of operation-specific condition keys, by name. */
  requestKeys?(values: Values<NoInfer<P>>): ReadonlyMap<string, string>
  /**
   * The resources that the call names, resolved as far as they exist, for policies and events. An array where several parameters name
   * resources: when one of them refuses, the event still shows the resources of the others.
   */
  readonly locate: Locate<Values<NoInfer<P>>, C> | readonly Locate<Values<NoInfer<P>>, C>[]
  /** Decides the call. Reads records and writes none. Throws a Refusal. It is called again on newer records when its changes can't be committed. */
  decide(values: Values<NoInfer<P>>, context: C): MaybePromise<Decision<Change>>
}

/** Finds and proves the caller of a call that is not signed. */
interface Claimant<V, C> {
  /** Returns the claimed caller, before anything is proven. Throws a Refusal for an unknown caller. */
  find(values: V, context: Claims<C>): Promise<Caller>
  /** Verifies the token. Throws a Refusal unless it proves the caller. */
  verify(values: V, context: C): Promise<void>
}

/** The context for finding a claimant. */
type Claims<C> = C extends { readonly ledger: unknown } ? Pick<C, 'ledger'> : never
type Locate<V, C> = (values: V, context: C) => MaybePromise<readonly Resource[]>

/** An operation as its file declares it; `operationsOf` adds product and action. With `action: null`, every authenticated caller may call it. */
export type Declaration<C, Change, P extends Parameters> = Omit<Operation<C, Change, P>, 'product' | 'action'> & {
  readonly action?: null
}

/** Returns the function that declares a product's operations. Their actions are `service:Name`. */
export function operationsOf<C, Change>(product: Product) {
  return <P extends Parameters>(declaration: Declaration<C, Change, P>): Operation<C, Change, P> => ({
    ...declaration,
    product,
    action: declaration.action === null ? null : `${product.service}:${declaration.name}`,
  })
}

/** An operation with any parameters, for the gateway. It gets values only through `readValues`. */
export interface AnyOperation<C, Change>
  extends Omit<Operation<C, Change>, 'locate' | 'decide' | 'requestTags' | 'requestKeys' | 'claimant'> {
  readonly claimant?: Claimant<never, C>
  requestTags?(values: never): Tags
  requestKeys?(values: never): ReadonlyMap<string, string>
  readonly locate: Locate<never, C> | readonly Locate<never, C>[]
  decide(values: never, context: C): MaybePromise<Decision<Change>>
}
