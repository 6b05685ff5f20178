// Where a connection comes from, and what counts as one source where sources share something.

/** The address as people write it: an IPv4 address that IPv6 carries is that IPv4 address. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

/** An IPv4 address, or the /64 network of an IPv6 address: one host can have all of its addresses. Takes a plain address. */
export function sourceOf(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.replace(/%.*$/, '').split('::', 2)
  const first = head === '' ? [] : head.split(':')
  const last = tail ? tail.split(':') : []
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length
  const groups = [...first, ...Array<string>(Math.max(0, zeros)).fill('0'), ...last]
  return `${groups.slice(0, 4).join(':')}::/64`
}

/** Whether the address is this machine's own to itself. Takes a plain address. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}
