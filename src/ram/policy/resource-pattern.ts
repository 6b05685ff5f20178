// Patterns of resources: which are none, and which are written well and can still match no resource there is.
import { PRODUCTS, type Product } from '../../api/product.ts'

/** A star may stand for several parts, so that a pattern with one needs fewer of them. Prefix and service are lower case in every ARN. */
export function isResourcePattern(text: string): boolean {
  const parts = text.split(':')
  if (parts.length < 5 && !text.includes('*')) return false
  return parts.length === 1 || (/^(?:acs|.*[*?].*)$/s.test(parts[0] ?? '') && !/[A-Z]/.test(parts[1] ?? ''))
}

/** Resources of these products have neither blanks nor commas in their ARNs, and always an account. */
const OWN: ReadonlyMap<string, Product> = new Map(PRODUCTS.map((product) => [product.service, product]))

/**
 * Whether some resource could match, as far as the text shows: what stands before the first wildcard is what it says. Refuses lists in
 * one string, which are one pattern with commas.
 */
export function canMatch(pattern: string): boolean {
  const [literal = ''] = /^[^*?]*/.exec(pattern) ?? []
  if (!'acs:'.startsWith(literal) && !literal.startsWith('acs:')) return false
  if (/,\s*(?:acs:|\*)/.test(pattern) || pattern.endsWith(':')) return false
  const parts = pattern.split(':')
  const fixed = parts.findIndex((part) => /[*?]/.test(part))
  const known = fixed < 0 ? parts.length : fixed
  const [, service = '', region = '', account = ''] = parts
  if (known < 2) return true
  if (!/^[a-z0-9-]+$/.test(service)) return false
  const own = OWN.get(service)
  if (!own) return true
  if (/[\s,]/.test(pattern)) return false
  return !(known > 2 && !own.isGlobal && region === '') && !(known > 3 && account === '')
}
