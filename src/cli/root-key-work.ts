// What the verbs of `strongroom root-key` share.
import type { OpenHouse } from '../house/open.ts'
import { HsmRootKeyProvider } from '../keystore/pkcs11/root-key.ts'
import type { LiveRing } from '../rootkeys/live-ring.ts'
import type { Flags } from '../settings/flags.ts'
import type { Settings } from '../settings/settings.ts'
import type { Surroundings } from './surroundings.ts'

export interface RootKeyWork {
  readonly flags: Flags
  readonly settings: Settings
  readonly rooms: Pick<
    OpenHouse,
    'storage' | 'ledger' | 'accounts' | 'eventIndex' | 'ring' | 'device' | 'hsm' | 'runtime' | 'region'
  >
  readonly around: Surroundings
}

/** A description of the HSM key that wraps the root keys. */
export function keyInHsm({ provider }: LiveRing): string {
  return provider instanceof HsmRootKeyProvider
    ? `the key with CKA_ID ${provider.objectId} in the HSM`
    : 'a key in the HSM'
}
