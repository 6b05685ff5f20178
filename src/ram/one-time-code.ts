// One-time codes of virtual MFA devices: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 seconds, as authenticator apps expect. Pure
// functions; the callers store the last accepted step, so that each code works once.
import { Secret, TOTP } from 'otpauth'

/** RFC 4226, section 4, R6 recommends a seed as long as the hash, 160 bits. */
export const SEED_BYTES = 20

const PERIOD_SECONDS = 30
/** How many steps the clock of a device may be early or late. */
const DRIFT_STEPS = 1

function totpOf(seed: Uint8Array, label = '', issuer = ''): TOTP {
  const secret = new Secret({ buffer: new Uint8Array(seed).buffer })
  return new TOTP({ secret, label, issuer, algorithm: 'SHA1', digits: 6, period: PERIOD_SECONDS })
}

/**
 * Returns the time step (counted since 1970) of a code; null for a wrong code, and for a code of step `last` or earlier, so that a code works
 * once. `now` is milliseconds since 1970.
 */
export function stepOf(seed: Uint8Array, code: string, now: number, last: number): number | null {
  // The library throws on other lengths of the encoded text.
  if (!/^[0-9]{6}$/.test(code)) return null
  const delta = totpOf(seed).validate({ token: code, timestamp: now, window: DRIFT_STEPS })
  if (delta === null) return null
  const step = Math.floor(now / 1000 / PERIOD_SECONDS) + delta
  return step > last ? step : null
}

/** Returns the time step of the second code if the first code belongs to the step before it; otherwise null. */
export function stepOfConsecutive(seed: Uint8Array, first: string, second: string, now: number): number | null {
  const step = stepOf(seed, second, now, 0)
  if (step === null) return null
  return stepOf(seed, first, (step - 1) * PERIOD_SECONDS * 1000, step - 2) === step - 1 ? step : null
}

/** The seed for typing: Base32 without padding. */
export function seedText(seed: Uint8Array): string {
  return new Secret({ buffer: new Uint8Array(seed).buffer }).base32
}

/** The QR code that authenticator apps read, a PNG in Base64. `label` is the name that the app shows. */
export async function qrCode(seed: Uint8Array, label: string): Promise<string> {
  // Imported on demand: the package loads some fifty files, and a server seldom needs it.
  const { toDataURL } = await import('qrcode')
  const url = await toDataURL(totpOf(seed, label, 'Strongroom').toString(), { errorCorrectionLevel: 'M', scale: 6 })
  return url.slice(url.indexOf(',') + 1)
}
