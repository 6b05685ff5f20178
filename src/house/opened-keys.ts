// What is kept open in memory of this process: key material of the software store, and data keys of secrets' values.
import type { RootKeys } from '../keystore/root-keys.ts'
import { SoftwareKeystore } from '../keystore/software.ts'
import { versionsIn } from '../kms/records.ts'
import { DataKeys } from '../kms/secrets/data-keys.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Runtime } from '../runtime/runtime.ts'

/** Returns both, which from now on wipe what others change or destroy. */
export function openedKeys(ledger: Ledger, keys: RootKeys, runtime: Runtime) {
  const software = new SoftwareKeystore(keys, runtime)
  const dataKeys = new DataKeys(keys)
  ledger.whenChanged((changed) => {
    software.dropOpened(changed && versionsIn(changed))
    dataKeys.drop(changed)
  })
  return { software, dataKeys }
}
