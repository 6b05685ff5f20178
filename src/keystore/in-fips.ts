// What FIPS mode refuses of keys that were made outside it.
import { because, refuse } from '../api/errors.ts'
import { asymmetricSpec, isInFips, type KeySpec, type ProtectionLevel } from './key-spec.ts'

/** Refuses a key that FIPS mode does not have, with the code of the operations that take such keys. */
export function demandInFips(keySpec: KeySpec, level: ProtectionLevel): void {
  if (isInFips(keySpec, level)) return
  const code = asymmetricSpec(keySpec) ? 'Rejected.UnsupportedOperation' : 'UnsupportedOperation'
  throw because(refuse(code), `in FIPS mode, software uses no keys of ${keySpec}`)
}
