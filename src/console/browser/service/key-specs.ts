// Facts that follow from the name of a KeySpec.

/** Whether keys of this spec are symmetric. All others are pairs, which neither rotate nor can be imported. */
export function isSymmetric(keySpec: string): boolean {
  return keySpec.startsWith('Aliyun_')
}

/** Whether keys of this spec support both usages. */
export function isForEitherUsage(keySpec: string): boolean {
  return /^(RSA_|EC_SM2$)/.test(keySpec)
}

const SIGNING: readonly (readonly [spec: RegExp, algorithm: RegExp])[] = [
  [/^RSA_/, /^RSA_/],
  [/^EC_P/, /^ECDSA_/],
  [/^EC_SM2$/, /^SM2DSA$/],
]

/** Whether keys of a spec sign by an algorithm. */
export function signsBy(keySpec: string, algorithm: string): boolean {
  return algorithm === keySpec || SIGNING.some(([spec, algorithms]) => spec.test(keySpec) && algorithms.test(algorithm))
}

const ENCRYPTING: typeof SIGNING = [
  [/^RSA_/, /^RSAES_/],
  [/^EC_SM2$/, /^SM2PKE$/],
]

/** Whether pairs of a spec encrypt by an algorithm. */
export function encryptsBy(keySpec: string, algorithm: string): boolean {
  return ENCRYPTING.some(([spec, algorithms]) => spec.test(keySpec) && algorithms.test(algorithm))
}
