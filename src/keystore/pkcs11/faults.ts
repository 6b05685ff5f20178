// What can go wrong with a device, sorted by what to do about it (PKCS #11 v2.40 section 5.1).

/** The device can't serve now. */
export class Away extends Error {
  /** The PIN was refused: trying it again could lock the token. */
  readonly pinRefused: boolean
  constructor(message: string, pinRefused = false) {
    super(message)
    this.pinRefused = pinRefused
  }
}

/** No token has the object. */
export class Missing extends Error {}

/** There is no room for another object. */
export class Full extends Error {}

/** The library can't be used at all until the operator changes something. */
export class SetupFault extends Error {}

/**
 * `data`: what was given is not authentic or not a key. `device`: sessions and handles may be void. `ambiguous`: either of these.
 * `unsupported`: the device lacks it. `full`, `pin`: as they say.
 */
export type Fault = 'data' | 'device' | 'ambiguous' | 'unsupported' | 'full' | 'pin'

const FAULTS: Readonly<Record<string, Fault>> = {
  CKR_ENCRYPTED_DATA_INVALID: 'data',
  CKR_ENCRYPTED_DATA_LEN_RANGE: 'data',
  CKR_WRAPPED_KEY_INVALID: 'data',
  CKR_WRAPPED_KEY_LEN_RANGE: 'data',
  CKR_DATA_INVALID: 'data',
  CKR_DATA_LEN_RANGE: 'data',
  CKR_KEY_SIZE_RANGE: 'data',
  CKR_ATTRIBUTE_VALUE_INVALID: 'data',
  CKR_TEMPLATE_INCONSISTENT: 'data',
  CKR_DEVICE_MEMORY: 'full',
  CKR_MECHANISM_INVALID: 'unsupported',
  CKR_MECHANISM_PARAM_INVALID: 'unsupported',
  CKR_FUNCTION_NOT_SUPPORTED: 'unsupported',
  CKR_ARGUMENTS_BAD: 'unsupported',
  CKR_KEY_FUNCTION_NOT_PERMITTED: 'unsupported',
  CKR_KEY_TYPE_INCONSISTENT: 'unsupported',
  CKR_ATTRIBUTE_TYPE_INVALID: 'unsupported',
  CKR_ATTRIBUTE_READ_ONLY: 'unsupported',
  CKR_ATTRIBUTE_SENSITIVE: 'unsupported',
  // What the add-on has no name for: values of PKCS #11 v3, such as CKR_AEAD_DECRYPT_FAILED, and vendors' own.
  CKR_VENDOR_DEFINED: 'ambiguous',
  CKR_GENERAL_ERROR: 'ambiguous',
  CKR_FUNCTION_FAILED: 'ambiguous',
  CKR_PIN_INCORRECT: 'pin',
  CKR_PIN_INVALID: 'pin',
  CKR_PIN_LEN_RANGE: 'pin',
  CKR_PIN_EXPIRED: 'pin',
  CKR_PIN_LOCKED: 'pin',
}

/** The name of the PKCS #11 return value that an error carries, such as CKR_DEVICE_ERROR; '' when it carries none. */
export function returnValueOf(error: unknown): string {
  return /CKR_\w+/.exec(error instanceof Error ? error.message : '')?.[0] ?? ''
}

/** What to make of an error of the library; null when it did not come from the library. */
export function faultOf(error: unknown): Fault | null {
  const value = returnValueOf(error)
  return value === '' ? null : (FAULTS[value] ?? 'device')
}

/** Whether sessions and handles must be dropped after this error. */
export function voidsSessions(error: unknown): boolean {
  const fault = faultOf(error)
  return fault === 'device' || fault === 'ambiguous'
}
