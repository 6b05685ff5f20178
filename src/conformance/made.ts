// What a run has created in the account, and the calls that remove it. The run changes nothing else.
import type { Call, Reply } from './call.ts'
import { at } from './values.ts'

type Parameters = Readonly<Record<string, string>>
/** The call that removes what a call created, or makes it removable; null where that takes none. */
type Undo = (parameters: Parameters, body: unknown) => readonly [action: string, parameters: Parameters] | null

function by(action: string, ...names: readonly string[]): Undo {
  return (parameters) => [action, picked(parameters, names)]
}

function picked(parameters: Parameters, names: readonly string[]): Parameters {
  return Object.fromEntries(names.map((name) => [name, parameters[name] ?? '']))
}

/** The shortest waiting period for the deletion of a key. */
const DELETION_DAYS = '7'

/** The removal, by the operation that creates. */
const UNDO: Readonly<Record<string, Undo>> = {
  CreateKey: (_, body) => [
    'ScheduleKeyDeletion',
    { KeyId: String(at(body, 'KeyMetadata.KeyId')), PendingWindowInDays: DELETION_DAYS },
  ],
  SetDeletionProtection: (parameters) =>
    parameters['EnableDeletionProtection'] === 'true'
      ? ['SetDeletionProtection', { ...parameters, EnableDeletionProtection: 'false' }]
      : null,
  CreateAlias: by('DeleteAlias', 'AliasName'),
  CreateSecret: (parameters) => [
    'DeleteSecret',
    { ...picked(parameters, ['SecretName']), ForceDeleteWithoutRecovery: 'true' },
  ],
  // Only a restored secret can be deleted at once.
  DeleteSecret: ({ SecretName = '', ForceDeleteWithoutRecovery }) =>
    ForceDeleteWithoutRecovery === 'true' ? null : ['RestoreSecret', { SecretName }],
  CreateUser: by('DeleteUser', 'UserName'),
  CreateAccessKey: (parameters, body) => [
    'DeleteAccessKey',
    { ...picked(parameters, ['UserName']), UserAccessKeyId: String(at(body, 'AccessKey.AccessKeyId')) },
  ],
  CreateGroup: by('DeleteGroup', 'GroupName'),
  AddUserToGroup: by('RemoveUserFromGroup', 'UserName', 'GroupName'),
  CreateRole: by('DeleteRole', 'RoleName'),
  CreatePolicy: (parameters) => ['DeletePolicy', { ...picked(parameters, ['PolicyName']), CascadingDelete: 'true' }],
  AttachPolicyToUser: by('DetachPolicyFromUser', 'PolicyType', 'PolicyName', 'UserName'),
  AttachPolicyToGroup: by('DetachPolicyFromGroup', 'PolicyType', 'PolicyName', 'GroupName'),
  AttachPolicyToRole: by('DetachPolicyFromRole', 'PolicyType', 'PolicyName', 'RoleName'),
}

/** Parameters that name the object of a call. */
const NAMING =
  /^(?:KeyId|DestinationKeyId|ProtectedResourceArn|ResourceId\.\d+|AliasName|SecretName|UserName|GroupName|RoleName|PolicyName)$/

/** Whether an operation changes something. */
export function writes(action: string): boolean {
  return /^(?:Create|Update|Delete|Enable|Disable|Schedule|Cancel|Import|Tag|Untag|Set|Put|Restore|Rotate|Attach|Detach|Add|Remove|Open)/.test(
    action,
  )
}

export class Made {
  readonly #run: string
  readonly #ids = new Set<string>()
  readonly #undo: Call[] = []

  /** `run` is a text that all names of the run contain. */
  constructor(run: string) {
    this.#run = run
  }

  /** Remembers what the call created, if the reply says so. */
  note(call: Call, { status, body }: Reply): void {
    if (status !== 200) return
    const undo = UNDO[call.action]?.(call.parameters, body)
    if (!undo) return
    const [action, parameters] = undo
    if (call.action === 'CreateKey') this.#ids.add(parameters['KeyId'] ?? '')
    this.#undo.push({ ...call, action, parameters, send: {} })
  }

  /**
   * The parameter by which a call would change an object that this run has not created; null where there is none. Only parameters for which
   * `counts` returns true count.
   */
  foreign(action: string, parameters: Parameters, counts: (name: string) => boolean): string | null {
    if (!writes(action)) return null
    const ours = (value: string) => value.includes(this.#run) || [...this.#ids].some((id) => value.includes(id))
    const named = Object.entries(parameters).filter(([name]) => NAMING.test(name) && counts(name))
    const isOfAll = (name: string) => name === 'PolicyName' && parameters['PolicyType'] === 'System'
    return named.find(([name, value]) => !ours(value) && !isOfAll(name))?.[0] ?? null
  }

  /** The calls that remove everything, in the necessary order. */
  takenAwayBy(): readonly Call[] {
    return this.#undo.splice(0).reverse()
  }
}

/** Whether the object of this removal is gone or pending deletion, or a secret needs no restoring. */
export function isAway({ status, code }: Reply): boolean {
  return status === 200 || /NotFound|NotExist|ResourceInDeleteWindow|ResourceInUse/.test(code ?? '')
}
