// What a person's authenticator app does: it scans the QR code, and shows codes. Made with node:crypto alone, not with the service's library.
import { createHmac } from 'node:crypto'
import jsqr from 'jsqr'
import { PNG } from 'pngjs'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The code that a device with this seed (Base32) shows at a moment (milliseconds since 1970). */
export function codeOf(seed: string, at: number): string {
  const bits = [...seed].map((one) => ALPHABET.indexOf(one).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
  const step = Buffer.alloc(8)
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)))
  const mac = createHmac('sha1', key).update(step).digest()
  const number = mac.readUInt32BE((mac.at(-1) ?? 0) & 15) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, '0')
}

/** What an app reads from the QR code of a device (PNG, Base64). */
export function scanned(png: string): { label: string; secret: string | null } {
  const { width, height, data } = PNG.sync.read(Buffer.from(png, 'base64'))
  const read = jsqr as unknown as typeof jsqr.default
  const url = new URL(read(new Uint8ClampedArray(data), width, height)?.data ?? '')
  return {
    label: decodeURIComponent(url.pathname.slice(url.pathname.lastIndexOf('/') + 1)),
    secret: url.searchParams.get('secret'),
  }
}
