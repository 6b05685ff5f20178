// Opened keys in the memory of this process: key material of the software store, and keys of secret values.
import { availableParallelism } from 'node:os'
import type { Uses } from '../keystore/keystore.ts'
import { PairThreads } from '../keystore/pair-threads.ts'
import { ReservedUses } from '../keystore/reserved-uses.ts'
import type { RootKeys } from '../keystore/root-keys.ts'
import { SoftwareKeystore } from '../keystore/software.ts'
import { versionsIn } from '../kms/records.ts'
import { MessageKeys } from '../kms/secrets/message-keys.ts'
import type { Alarm } from '../ledger/alarm.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Runtime } from '../runtime/runtime.ts'

/** `processes`: how many processes of the server open keys. They share the machine's cores. */
interface Around {
  readonly uses: Uses
  readonly alarm: Alarm
  readonly processes: number
}

/**
 * The software store, the cache of the keys of secret values, and the threads for asymmetric keys. From now on both caches drop what the ledger reports as
 * changed.
 */
export function openedKeys(ledger: Ledger, keys: RootKeys, runtime: Runtime, { uses, alarm, processes }: Around) {
  // Leaves one core to the calls.
  const pairs = new PairThreads(Math.max(1, Math.floor((availableParallelism() - 1) / processes)))
  const reserved = new ReservedUses(uses, (message) => alarm(message, null))
  const software = new SoftwareKeystore(keys, runtime, pairs, reserved)
  const messageKeys = new MessageKeys(keys)
  ledger.whenChanged((changed) => {
    software.dropOpened(changed && versionsIn(changed))
    messageKeys.drop(changed)
  })
  return { software, messageKeys, pairs }
}
