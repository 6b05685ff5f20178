// What the code of a failed TLS connection says about the certificate of the other side.

const NO_TRUSTED_ROOT: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
])
const OTHER_NAMES = 'ERR_TLS_CERT_ALTNAME_INVALID'
const INVALID = /^(?:ERR_TLS_CERT_|CERT_|CRL_|INVALID_|PATH_LENGTH|HOSTNAME_MISMATCH|ERROR_IN_CERT)/

/** Whether the chain of certificates ends in no trusted root. */
export function lacksTrustedRoot(code: string): boolean {
  return NO_TRUSTED_ROOT.has(code)
}

/** Whether the certificate is for other names than that of the host. */
export function isForOtherNames(code: string): boolean {
  return code === OTHER_NAMES
}

/** Whether the chain of certificates does not verify, for another reason than that of `lacksTrustedRoot`. */
export function isInvalid(code: string): boolean {
  return INVALID.test(code) && !lacksTrustedRoot(code)
}
