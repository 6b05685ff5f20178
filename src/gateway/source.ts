// The sources of connections: which addresses count as one source.

/** Returns the plain form of an address: the IPv4 address of an IPv4-mapped IPv6 address. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

/**
 * Returns the source of a plain address: the IPv4 address itself, or the /64 network of an IPv6 address, since one host can use all of its
 * addresses.
 */
export function sourceOf(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.replace(/%.*$/, '').split('::', 2)
  const first = head === '' ? [] : head.split(':')
  const last = tail ? tail.split(':') : []
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length
  const groups = [...first, ...Array<string>(Math.max(0, zeros)).fill('0'), ...last]
  return `${groups.slice(0, 4).join(':')}::/64`
}
