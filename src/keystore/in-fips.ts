// Keys that were created outside of FIPS mode, and whose algorithm FIPS mode lacks.
import { because, refuse } from '../api/errors.ts'
import { asymmetricSpec, isInFips, type KeySpec, type ProtectionLevel } from './key-spec.ts'

/** Refuses a key whose spec FIPS mode lacks, with the code of the operations on such keys. */
export function demandInFips(keySpec: KeySpec, level: ProtectionLevel): void {
  if (isInFips(keySpec, level)) return
  const code = asymmetricSpec(keySpec) ? 'Rejected.UnsupportedOperation' : 'UnsupportedOperation'
  throw because(refuse(code), `in FIPS mode, software uses no keys of ${keySpec}`)
}
