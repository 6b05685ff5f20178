// Patterns of resources: which are none, and which are written well and can still match no resource there is.

/** A star may stand for several parts, so that a pattern with one needs fewer of them. Prefix and service are lower case in every ARN. */
export function isResourcePattern(text: string): boolean {
  const parts = text.split(':')
  if (parts.length < 5 && !text.includes('*')) return false
  return parts.length === 1 || (/^(?:acs|.*[*?].*)$/s.test(parts[0] ?? '') && !/[A-Z]/.test(parts[1] ?? ''))
}

/** The services here, whose resources have neither blanks nor commas, and always an account. */
const OWN = new Set(['kms', 'ram', 'sts', 'actiontrail'])

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
  if (!OWN.has(service)) return true
  if (/[\s,]/.test(pattern)) return false
  const hasRegions = service === 'kms' || service === 'actiontrail'
  return !(known > 2 && hasRegions && region === '') && !(known > 3 && account === '')
}
