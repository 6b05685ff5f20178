// Addresses, and blocks of addresses in CIDR form, as numbers. BlockList of node:net takes some 8 KiB for each block, and a policy may have
// hundreds of them.
import { isIP } from 'node:net'

interface Address {
  readonly family: 4 | 6
  readonly number: bigint
}

/** Tests an address; null where the text is not one. */
export type InRange = (address: string) => boolean | null

/** Whether a text is an address, or a block in CIDR form. */
export function isAddressRange(text: string): boolean {
  return addressRange(text) !== null
}

/** Whether an address equals `range`, or lies in it if `range` is a CIDR block. False where either text is invalid. */
export function inAddresses(range: string, address: string): boolean {
  return addressRange(range)?.(address) === true
}

/** The test for an address or a block of addresses; null where the text is neither. */
export function addressRange(text: string): InRange | null {
  const [first = '', bits, more] = text.split('/')
  const written = first.includes('%') ? null : addressIn(first)
  if (!written || more !== undefined || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return null
  const length = Number(bits ?? WIDEST[written.family])
  const begin = length >= MAPPED_BITS || first.includes('.') ? unmapped(written) : written
  const { family, number } = begin
  // `::ffff:10.0.0.0/104` is 10.0.0.0/8, and so is `::ffff:10.0.0.0/8`.
  const free = WIDEST[family] - (family !== written.family && length >= MAPPED_BITS ? length - MAPPED_BITS : length)
  if (free < 0) return null
  const block = number >> BigInt(free)
  return (given) => {
    const address = rememberedAddress(given)
    return address && address.family === family && address.number >> BigInt(free) === block
  }
}

/** How many bits an address has. */
const WIDEST = { 4: 32, 6: 128 } as const

/** The last address that was tested: a request's address is tested against many blocks in a row. */
let remembered: { readonly text: string; readonly address: Address | null } = { text: '', address: null }

function rememberedAddress(text: string): Address | null {
  if (remembered.text !== text) {
    const written = addressIn(text)
    remembered = { text, address: written && unmapped(written) }
  }
  return remembered.address
}

/** The leading bits that all IPv4-mapped IPv6 addresses share: `::ffff:0:0/96`. */
const MAPPED_BITS = 96
const MAPPED = 0xffffn

/** The IPv4 address of an IPv4-mapped IPv6 address, the form in which sockets report it; any other address unchanged. */
function unmapped(address: Address): Address {
  const { family, number } = address
  return family === 6 && number >> 32n === MAPPED ? { family: 4, number: number & 0xffff_ffffn } : address
}

/** The address in a text; null where it has none. The zone of an address does not count. */
function addressIn(text: string): Address | null {
  const family = isIP(text)
  if (family === 4) return { family, number: joined(octets(text), 8n) }
  return family === 6 ? { family, number: joined(groups(text), 16n) } : null
}

function joined(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((number, part) => (number << bits) | BigInt(part), 0n)
}

function octets(ipv4: string): readonly number[] {
  return ipv4.split('.').map(Number)
}

/** The eight groups of an IPv6 address. */
function groups(ipv6: string): readonly number[] {
  const [address = ''] = ipv6.split('%')
  const [left = [], right] = address.split('::').map((half) => half.split(':').filter(Boolean).flatMap(group))
  if (!right) return left
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right]
}

/** The number of a group; the two numbers of the last four bytes in IPv4 form. */
function group(text: string): readonly number[] {
  if (!text.includes('.')) return [Number.parseInt(text, 16)]
  const [a = 0, b = 0, c = 0, d = 0] = octets(text)
  return [(a << 8) | b, (c << 8) | d]
}
