// Operations: one declaration each (kms/operations/encrypt.ts is one). What else knows an operation follows from its declaration:
//
//   parameters           validation, help of the command line, the reference of operations
//   action and locate    what policies are asked about, and the resources in events
//   trail, access        what events show of the call
//   refusals             the reference, and a test that holds them against what is refused
//   decide               the reply, and the changes that the ledger commits with the event
//
// test/gateway/operations.json is the golden file of all declarations; test/api/declarations.must-not-compile.ts has those that the compiler refuses.
import type { Caller } from './caller.ts'
import type { Code } from './errors/catalogue.ts'
import type { Parameters, Values } from './parameters.ts'
import type { Product } from './product.ts'

/** A resource that a call names or creates: events show its type and name, policies match its ARN. */
export interface Resource {
  readonly type: string
  readonly name: string
  readonly arn: string
  /** Its tags, for conditions in policies; absent where there are none. */
  readonly tags?: Tags
  /** The action that policies must allow on this resource, where it is not the operation's action. */
  readonly action?: string
  /** Set where it stands for all resources whose ARN begins as its own does before the final `*`: policies must allow each, whatever tags it has. */
  readonly every?: true
  /** A second ARN of the resource: a Deny on it counts as well, and an Allow does not. */
  readonly deniedOn?: string
  /** The service principal that needs no policy to use it: a cloud product, of its service key. */
  readonly usedBy?: string
  /** The ARN of what the call named instead of the resource, such as an alias. A denial shows only this. */
  readonly asked?: string
  /**
   * The owner of a resource of another account, with the resource's name and ARN there; `name` and `arn` above are then as the caller
   * gave them. The owner's trail records the call too.
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
  /** The bodies of further events: of what the service itself does with the call, to something else than its resources. */
  readonly ownWork?: readonly string[]
}

/** What the account's security preference can let users manage of themselves. */
export type SelfService = 'password' | 'access keys' | 'MFA devices'

/** A declared operation. `C` is the context it may use; `Change` is what the ledger can commit for it. */
export interface Operation<C, Change, P extends Parameters = Parameters> {
  readonly product: Product
  readonly name: string
  /** A sentence or two, for help and for the reference. */
  readonly summary: string
  readonly parameters: P
  /** Whether the call changes what is stored: `eventRW` of its event (docs/reference/events.md). */
  readonly access: 'Read' | 'Write'
  /**
   * The parameters and the members of the reply that events show. null: calls leave no event. `unverified`: the parameters that they show
   * while the claimant is not verified; absent, all of `show`.
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
  /** Answers are JSON whatever format the request names, because they hold free-form objects. */
  readonly jsonOnly?: true
  /** The refusal of a call that would exceed a quota. */
  readonly quotaRefusal?: Extract<Code, `LimitExceeded.${string}`>
  /** Set where the account's security preference can allow users to do this to themselves without a policy. */
  readonly selfService?: SelfService
  /** The codes that it refuses with, besides those of any call (docs/errors.md#any-call). */
  readonly refusals: readonly Code[]
  /** The tags that the call sets, for conditions in policies. */
  requestTags?(values: Values<NoInfer<P>>): Tags
  /** Set where nobody signs the call, and a token among its parameters proves the caller. */
  readonly claimant?: Claimant<Values<NoInfer<P>>, C>
  /** Condition keys of its own that the call sets, by name. */
  requestKeys?(values: Values<NoInfer<P>>): ReadonlyMap<string, string>
  /**
   * The resources that the call names, resolved as far as they exist, for policies and events. An array where several parameters name
   * resources: when one of them refuses, the event still shows the resources of the others.
   */
  readonly locate: Locate<Values<NoInfer<P>>, C> | readonly Locate<Values<NoInfer<P>>, C>[]
  /** Reads, decides, and writes nothing. Throws a Refusal. It may be called again on newer records when its changes can't be committed. */
  decide(values: Values<NoInfer<P>>, context: C): Promise<Decision<Change>>
}

/** How the caller of a call that nobody signs is found and proven. */
interface Claimant<V, C> {
  /** Whom the call claims to be of, before anything is proven. Throws a Refusal where that is nobody known. */
  find(values: V, context: Claims<C>): Promise<Caller>
  /** Verifies the token. Throws a Refusal unless it proves the caller. */
  verify(values: V, context: C): Promise<void>
}

/** What finding a claimant may use. */
type Claims<C> = C extends { readonly ledger: unknown } ? Pick<C, 'ledger'> : never
type Locate<V, C> = (values: V, context: C) => Promise<readonly Resource[]>

/** An operation as its file declares it: product and action follow. `action: null` lets every authenticated caller call it. */
export type Declaration<C, Change, P extends Parameters> = Omit<Operation<C, Change, P>, 'product' | 'action'> & {
  readonly action?: null
}

/** Returns the maker of a product's operations. The action of each is `service:Name`. */
export function operationsOf<C, Change>(product: Product) {
  return <P extends Parameters>(declaration: Declaration<C, Change, P>): Operation<C, Change, P> => ({
    ...declaration,
    product,
    action: declaration.action === null ? null : `${product.service}:${declaration.name}`,
  })
}

/** An operation of any parameters, as dispatch handles it: values reach it only through `readValues`. */
export interface AnyOperation<C, Change>
  extends Omit<Operation<C, Change>, 'locate' | 'decide' | 'requestTags' | 'requestKeys' | 'claimant'> {
  readonly claimant?: Claimant<never, C>
  requestTags?(values: never): Tags
  requestKeys?(values: never): ReadonlyMap<string, string>
  readonly locate: Locate<never, C> | readonly Locate<never, C>[]
  decide(values: never, context: C): Promise<Decision<Change>>
}
