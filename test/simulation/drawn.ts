// The calls that clients choose at random.
import type { History } from './clients.ts'
import type { Caller, Op } from './model.ts'
import type { Random } from './random.ts'

/** A call: one half looks and uses, the other half changes what those rest on. */
export function drawn(random: Random, history: History): Exclude<Op, { do: 'operator' }> {
  const caller = random.pick<Caller>(['root', 'second', 'user', 'user', 'user'])
  const key = random.below(3)
  const alias = random.below(2)
  const by = random.chance(0.5) ? { key } : { alias }
  const blob = history.blobs.length > 0 ? random.pick(history.blobs) : null
  const isActive = random.chance(0.6)
  switch (random.below(random.chance(0.6) ? 5 : 21)) {
    case 0:
      return random.chance(0.3) ? { do: 'ListAliases', caller } : { do: 'DescribeKey', caller, by }
    case 1:
      return { do: 'DescribeKey', caller, by }
    case 2:
      return { do: 'Encrypt', caller, by }
    case 3:
      return blob ? { do: 'Decrypt', caller, ...blob } : { do: 'Encrypt', caller, by }
    case 4:
      return { do: 'GetSecretValue', caller, stage: isActive ? 'ACSCurrent' : 'ACSPrevious' }
    case 5:
      return { do: 'UpdateKeyDescription', caller, key, text: history.text() }
    case 6:
      return { do: isActive ? 'EnableKey' : 'DisableKey', caller, key }
    case 7:
      return { do: isActive ? 'CancelKeyDeletion' : 'ScheduleKeyDeletion', caller, key }
    case 8:
      return { do: 'CreateAlias', caller, alias, key }
    case 9:
    case 10:
      return { do: 'UpdateAlias', caller, alias, key }
    case 11:
      return { do: 'DeleteAlias', caller, alias }
    case 12:
    case 13:
      return { do: 'UpdateAccessKey', caller: 'root', active: isActive }
    case 14:
      return { do: isActive ? 'AttachPolicyToUser' : 'DetachPolicyFromUser', caller }
    case 15:
      return { do: isActive ? 'AddUserToGroup' : 'RemoveUserFromGroup', caller }
    case 16:
    case 17:
      return { do: 'PutSecretValue', caller, text: history.text() }
    case 18:
      return { do: 'UpdateSecretVersionStage', caller, text: random.pick(history.versions) }
    case 19:
      return { do: isActive ? 'RestoreSecret' : 'DeleteSecret', caller }
    default:
      return { do: 'SetDefaultPolicyVersion', caller, allows: isActive }
  }
}
