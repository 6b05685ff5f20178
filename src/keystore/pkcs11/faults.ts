// The errors of devices, classified by their remedy (PKCS #11 v2.40 section 5.1, v3.0 section 5.1).
/** The device can't serve at present. */
export class Away extends Error {
  /** Whether the token refused the PIN. Another attempt could lock the token. */
  readonly pinRefused: boolean
  constructor(message: string, pinRefused = false) {
    super(message)
    this.pinRefused = pinRefused
  }
}

/** No token has the object, or a token has several objects with its CKA_ID. */
export class Missing extends Error {}

/** There is no room for another object. */
export class Full extends Error {}

/** The device serves, but refuses this work on the object. */
export class Refused extends Error {}

/** The device lacks what the work needs. The message says what, in the form of Abilities. */
export class Unsupported extends Error {}

/** The request's time limit passed before its work began. */
export class Late extends Error {
  constructor() {
    super('the call waited too long for the device')
  }
}

/** The login of the session and its handles has ended. The work must be done again under a new login. */
export class Voided extends Error {}

/** The library can't be used at all until the operator changes something. */
export class SetupFault extends Error {}

/**
 * `data`: the bytes are not authentic, or not a key. `device`: sessions and handles may be void. `ambiguous`: either of these. `unsupported`: the
 * device lacks the function. `full`: no room. `pin`: the PIN is refused.
 */
export type Fault = 'data' | 'device' | 'ambiguous' | 'unsupported' | 'full' | 'pin'

/** All other values are ambiguous: vendors have their own values, and return standard ones in cases that the standard does not describe. */
const FAULTS: Readonly<Record<Exclude<Fault, 'ambiguous'>, readonly string[]>> = {
  data: [
    'CKR_ENCRYPTED_DATA_INVALID',
    'CKR_ENCRYPTED_DATA_LEN_RANGE',
    'CKR_WRAPPED_KEY_INVALID',
    'CKR_WRAPPED_KEY_LEN_RANGE',
    'CKR_DATA_INVALID',
    'CKR_DATA_LEN_RANGE',
    'CKR_KEY_SIZE_RANGE',
    'CKR_ATTRIBUTE_VALUE_INVALID',
    'CKR_TEMPLATE_INCONSISTENT',
    'CKR_SIGNATURE_INVALID',
  ],
  device: [
    'CKR_CRYPTOKI_NOT_INITIALIZED',
    'CKR_DEVICE_ERROR',
    'CKR_DEVICE_REMOVED',
    'CKR_HOST_MEMORY',
    'CKR_KEY_HANDLE_INVALID',
    'CKR_OBJECT_HANDLE_INVALID',
    'CKR_OPERATION_ACTIVE',
    'CKR_OPERATION_NOT_INITIALIZED',
    'CKR_SESSION_CLOSED',
    'CKR_SESSION_COUNT',
    'CKR_SESSION_HANDLE_INVALID',
    'CKR_SLOT_ID_INVALID',
    'CKR_TOKEN_NOT_PRESENT',
    'CKR_TOKEN_NOT_RECOGNIZED',
    'CKR_UNWRAPPING_KEY_HANDLE_INVALID',
    'CKR_USER_NOT_LOGGED_IN',
    'CKR_USER_PIN_NOT_INITIALIZED',
  ],
  unsupported: [
    'CKR_ACTION_PROHIBITED',
    'CKR_ARGUMENTS_BAD',
    'CKR_ATTRIBUTE_READ_ONLY',
    'CKR_ATTRIBUTE_SENSITIVE',
    'CKR_ATTRIBUTE_TYPE_INVALID',
    'CKR_CURVE_NOT_SUPPORTED',
    'CKR_DOMAIN_PARAMS_INVALID',
    'CKR_FUNCTION_NOT_SUPPORTED',
    'CKR_KEY_FUNCTION_NOT_PERMITTED',
    'CKR_KEY_TYPE_INCONSISTENT',
    'CKR_MECHANISM_INVALID',
    'CKR_MECHANISM_PARAM_INVALID',
    'CKR_SESSION_READ_ONLY',
    'CKR_TOKEN_WRITE_PROTECTED',
  ],
  full: ['CKR_DEVICE_MEMORY'],
  pin: ['CKR_PIN_INCORRECT', 'CKR_PIN_INVALID', 'CKR_PIN_LEN_RANGE', 'CKR_PIN_EXPIRED', 'CKR_PIN_LOCKED'],
}

const FAULT_OF = new Map(
  Object.entries(FAULTS).flatMap(([fault, values]) => values.map((value) => [value, fault as Fault] as const)),
)

/** Standard values that the add-on has no name for. 66 is CKR_AEAD_DECRYPT_FAILED (v3.0): the ciphertext is not authentic. */
const UNNAMED: Readonly<Record<number, string>> = {
  27: 'CKR_ACTION_PROHIBITED',
  66: 'CKR_ENCRYPTED_DATA_INVALID',
  320: 'CKR_CURVE_NOT_SUPPORTED',
}

/** The name of the PKCS #11 return value that an error carries, such as CKR_DEVICE_ERROR; '' when it carries none. */
export function returnValueOf(error: unknown): string {
  if (!(error instanceof Error) || error.name !== 'Pkcs11Error') return ''
  const name = /CKR_\w+/.exec(error.message)?.[0] ?? ''
  return name === 'CKR_VENDOR_DEFINED' ? (UNNAMED[numberOf(error)] ?? name) : name
}

/** Describes a library's error for messages: its name, or its number where it has no name. */
export function describeFault(error: unknown): string {
  const name = returnValueOf(error)
  if (name === '') return error instanceof Error ? error.message : String(error)
  return name === 'CKR_VENDOR_DEFINED' ? `the return value 0x${numberOf(error).toString(16)}` : name
}

function numberOf(error: unknown): number {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : 0
}

/** The fault of an error; null when the error did not come from the library. */
export function faultOf(error: unknown): Fault | null {
  const value = returnValueOf(error)
  return value === '' ? null : (FAULT_OF.get(value) ?? 'ambiguous')
}

/** Whether sessions and handles must be dropped after this error. */
export function voidsSessions(error: unknown): boolean {
  const fault = faultOf(error)
  return fault === 'device' || fault === 'ambiguous'
}
