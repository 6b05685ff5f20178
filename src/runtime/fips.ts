// FIPS mode (docs/fips.md): OpenSSL takes every algorithm from its FIPS provider, and refuses all others.
import { generateKeyPairSync, getFips, hash } from 'node:crypto'

/** Whether OpenSSL's configuration put this process in FIPS mode. That never changes during the life of the process. */
export function inFipsMode(): boolean {
  return getFips() === 1
}

/**
 * Throws an error with the remedy when this process is not in FIPS mode, or the provider lacks an algorithm that the service needs. It also
 * tries algorithms, because OpenSSL can report FIPS mode without the provider: the provider has SHA-256 and no MD5.
 */
export function demandFipsMode(): void {
  const has = (algorithm: string) => works(() => hash(algorithm, ''))
  if (!inFipsMode() || !has('sha256') || has('md5'))
    throw new Error(
      "fips is set, but OpenSSL's FIPS provider is not in use: set OPENSSL_CONF to a configuration that activates the provider and sets `default_properties = fips=yes` (docs/fips.md)",
    )
  if (!works(() => generateKeyPairSync('ed25519')) || !works(() => generateKeyPairSync('ml-dsa-65')))
    throw new Error(
      "OpenSSL's FIPS provider lacks Ed25519 or ML-DSA: use the module of OpenSSL 3.5 or later (docs/fips.md)",
    )
}

/**
 * Throws when this process is in FIPS mode. `what` names the work that needs an algorithm outside of the FIPS provider; `instead` is the
 * remedy.
 */
export function refuseInFipsMode(what: string, instead: string): void {
  if (inFipsMode()) throw new Error(`${what}, which OpenSSL's FIPS provider does not have: ${instead}`)
}

function works(attempt: () => unknown): boolean {
  try {
    attempt()
    return true
  } catch {
    return false
  }
}
