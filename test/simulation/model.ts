// What calls do, one after the other: the specification that every run is held against. It knows the cast of a run (cast.ts): some keys
// and aliases, a secret, a user with an AccessKey and a policy, and a second AccessKey of the account.
import type { Specification } from './linearizable.ts'
import { applyToSecret, isOfSecret, type Secret, type SecretOp } from './secret-model.ts'

export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion'
export type Caller = 'root' | 'second' | 'user'

/** A call; `key` and `alias` are numbers. `by` names the key by its id or by an alias. */
export type Op =
  | { readonly do: 'DescribeKey' | 'Encrypt'; readonly caller: Caller; readonly by: Name }
  | { readonly do: 'ListAliases'; readonly caller: Caller }
  | {
      readonly do: 'Decrypt'
      readonly caller: Caller
      readonly key: number
      readonly blob: string
      readonly text: string
    }
  | { readonly do: KeyChange; readonly caller: Caller; readonly key: number }
  | { readonly do: 'UpdateKeyDescription'; readonly caller: Caller; readonly key: number; readonly text: string }
  | {
      readonly do: 'CreateAlias' | 'UpdateAlias'
      readonly caller: Caller
      readonly alias: number
      readonly key: number
    }
  | { readonly do: 'DeleteAlias'; readonly caller: Caller; readonly alias: number }
  | { readonly do: 'UpdateAccessKey'; readonly caller: Caller; readonly active: boolean }
  | { readonly do: 'AttachPolicyToUser' | 'DetachPolicyFromUser'; readonly caller: Caller }
  | { readonly do: 'AddUserToGroup' | 'RemoveUserFromGroup'; readonly caller: Caller }
  | { readonly do: 'SetDefaultPolicyVersion'; readonly caller: Caller; readonly allows: boolean }
  | SecretOp
  /** The operator enables or disables the account's second AccessKey, on the database. */
  | { readonly do: 'operator'; readonly active: boolean }

/** The operations of RAM, which has a code of its own for what is denied. */
export const OF_RAM: ReadonlySet<string> = new Set([
  'UpdateAccessKey',
  'AttachPolicyToUser',
  'DetachPolicyFromUser',
  'AddUserToGroup',
  'RemoveUserFromGroup',
  'SetDefaultPolicyVersion',
])

type KeyChange = 'EnableKey' | 'DisableKey' | 'ScheduleKeyDeletion' | 'CancelKeyDeletion'
type Name = { readonly key: number } | { readonly alias: number }

interface Key {
  readonly state: KeyState
  readonly description: string
}

export interface State {
  readonly keys: readonly Key[]
  /** The key that each alias points to; null where there is no such alias. */
  readonly aliases: readonly (number | null)[]
  /** It is encrypted under key 0. */
  readonly secret: Secret
  readonly userActive: boolean
  readonly secondActive: boolean
  readonly attached: boolean
  readonly member: boolean
  readonly allows: boolean
}

type Step = { readonly state: State; readonly answer: string }

export const isRead = (op: Op) => ['DescribeKey', 'ListAliases', 'Encrypt', 'Decrypt', 'GetSecretValue'].includes(op.do)

export const specification = (initial: State): Specification<State, Op> => ({
  initial,
  apply,
  isRead,
  text: JSON.stringify,
})

function apply(state: State, op: Op): Step {
  const same = (answer: string) => ({ state, answer })
  if (op.do === 'operator') return { state: { ...state, secondActive: op.active }, answer: 'OK' }
  const { userActive, secondActive, attached, member, allows } = state
  if (op.caller === 'user' && !userActive) return same('Forbidden.AccessKey')
  if (op.caller === 'second' && !secondActive) return same('Forbidden.AccessKey')
  if (op.caller === 'user' && !(allows && (attached || member)))
    return same(OF_RAM.has(op.do) ? 'NoPermission' : 'Forbidden.NoPermission')
  if (isOfSecret(op)) {
    const { secret, answer } = applyToSecret(state.secret, op, unusable(state.keys[0]))
    return { state: { ...state, secret }, answer }
  }
  switch (op.do) {
    case 'ListAliases':
      return same(`OK ${listed(state.aliases)}`)
    case 'DescribeKey': {
      const key = named(op.by, state)
      return same(key === null ? 'Forbidden.AliasNotFound' : `OK ${key} ${described(state.keys[key])}`)
    }
    case 'Encrypt': {
      const key = named(op.by, state)
      return same(key === null ? 'Forbidden.AliasNotFound' : (unusable(state.keys[key]) ?? `OK ${key}`))
    }
    case 'Decrypt':
      return same(unusable(state.keys[op.key]) ?? `OK ${op.text}`)
    case 'EnableKey':
      return moved(state, op.key, ['Enabled', 'Disabled'], 'Enabled')
    case 'DisableKey':
      return moved(state, op.key, ['Enabled', 'Disabled'], 'Disabled')
    case 'ScheduleKeyDeletion':
      return moved(state, op.key, ['Enabled', 'Disabled'], 'PendingDeletion')
    case 'CancelKeyDeletion':
      return moved(state, op.key, ['PendingDeletion'], 'Enabled')
    case 'UpdateKeyDescription':
      if (state.keys[op.key]?.state === 'PendingDeletion') return same('Rejected.PendingDeletion')
      return { state: withKey(state, op.key, { description: op.text }), answer: 'OK' }
    case 'CreateAlias':
      if (state.aliases[op.alias] !== null) return same('AliasAlreadyExists')
      if (state.keys[op.key]?.state === 'PendingDeletion') return same('Rejected.StateModifiedFailed')
      return { state: withAlias(state, op.alias, op.key), answer: 'OK' }
    case 'UpdateAlias':
      if (state.aliases[op.alias] === null) return same('Forbidden.AliasNotFound')
      if (state.keys[op.key]?.state === 'PendingDeletion') return same('Rejected.PendingDeletion')
      return { state: withAlias(state, op.alias, op.key), answer: 'OK' }
    case 'DeleteAlias':
      if (state.aliases[op.alias] === null) return same('Forbidden.AliasNotFound')
      return { state: withAlias(state, op.alias, null), answer: 'OK' }
    case 'UpdateAccessKey':
      return { state: { ...state, userActive: op.active }, answer: 'OK' }
    case 'AttachPolicyToUser':
      return attached ? same('EntityAlreadyExists.User.Policy') : { state: { ...state, attached: true }, answer: 'OK' }
    case 'DetachPolicyFromUser':
      return attached ? { state: { ...state, attached: false }, answer: 'OK' } : same('EntityNotExist.User.Policy')
    case 'AddUserToGroup':
      return member ? same('EntityAlreadyExists.User.Group') : { state: { ...state, member: true }, answer: 'OK' }
    case 'RemoveUserFromGroup':
      return member ? { state: { ...state, member: false }, answer: 'OK' } : same('EntityNotExist.User.Group')
    case 'SetDefaultPolicyVersion':
      return { state: { ...state, allows: op.allows }, answer: 'OK' }
  }
}

function named(by: Name, { aliases }: State): number | null {
  return 'key' in by ? by.key : (aliases[by.alias] ?? null)
}

/** Aliases with their keys, as ListAliases shows them: by number. */
export function listed(aliases: State['aliases']): string {
  return aliases.flatMap((key, alias) => (key === null ? [] : [`${alias}:${key}`])).join(' ')
}

export function described(key: Key | undefined): string {
  return `${key?.state} ${key?.description}`
}

function unusable(key: Key | undefined): string | null {
  return key?.state === 'Enabled' ? null : `Rejected.${key?.state}`
}

function moved(state: State, key: number, from: readonly KeyState[], to: KeyState): Step {
  const present = state.keys[key]?.state
  if (!present || !from.includes(present)) return { state, answer: 'Rejected.StateModifiedFailed' }
  return { state: withKey(state, key, { state: to }), answer: 'OK' }
}

function withKey(state: State, number: number, change: Partial<Key>): State {
  return { ...state, keys: state.keys.map((key, i) => (i === number ? { ...key, ...change } : key)) }
}

function withAlias(state: State, number: number, key: number | null): State {
  return { ...state, aliases: state.aliases.map((target, i) => (i === number ? key : target)) }
}
