// One-time codes of virtual MFA devices: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 seconds, which is what authenticator apps
// take. Pure functions; who may use a code, and that it counts once, is decided elsewhere.
import { Secret, TOTP } from 'otpauth'

/** RFC 4226, requirement 6: as long as the hash. */
export const SEED_BYTES = 20

const PERIOD_SECONDS = 30
/** How many steps the clock of a device may be early or late. */
const DRIFT_STEPS = 1

function totpOf(seed: Uint8Array, label = '', issuer = ''): TOTP {
  const secret = new Secret({ buffer: new Uint8Array(seed).buffer })
  return new TOTP({ secret, label, issuer, algorithm: 'SHA1', digits: 6, period: PERIOD_SECONDS })
}

/**
 * The number of the step (since 1970) that the code is of; null for a wrong code, and for one of a step that is not after `last`, so that a
 * code counts once. `now` is in milliseconds since 1970.
 */
export function stepOf(seed: Uint8Array, code: string, now: number, last: number): number | null {
  // The library throws on other lengths of the encoded text.
  if (!/^[0-9]{6}$/.test(code)) return null
  const delta = totpOf(seed).validate({ token: code, timestamp: now, window: DRIFT_STEPS })
  if (delta === null) return null
  const step = Math.floor(now / 1000 / PERIOD_SECONDS) + delta
  return step > last ? step : null
}

/** The number of the step that the second code is of, when the first code is of the step before; else null. */
export function stepOfConsecutive(seed: Uint8Array, first: string, second: string, now: number): number | null {
  const step = stepOf(seed, second, now, 0)
  if (step === null) return null
  return stepOf(seed, first, (step - 1) * PERIOD_SECONDS * 1000, step - 2) === step - 1 ? step : null
}

/** The seed as people type it: Base32 without padding. */
export function seedText(seed: Uint8Array): string {
  return new Secret({ buffer: new Uint8Array(seed).buffer }).base32
}

/** The QR code that authenticator apps read, a PNG in Base64. `label` is the name that the app shows. */
export async function qrCode(seed: Uint8Array, label: string): Promise<string> {
  // Half a hundred files that a server seldom needs.
  const { toDataURL } = await import('qrcode')
  const url = await toDataURL(totpOf(seed, label, 'Strongroom').toString(), { errorCorrectionLevel: 'M', scale: 6 })
  return url.slice(url.indexOf(',') + 1)
}
