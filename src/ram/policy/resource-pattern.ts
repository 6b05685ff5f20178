// Resource patterns: which texts have their form, and which of these can match a resource (docs/reference/policy-language.md, Resources).
import { PRODUCTS } from '../../api/product.ts'

/**
 * Whether the text has the form of a pattern. A star may stand for several parts, so that a pattern with one needs fewer of them. Prefix
 * and service are lower case in every ARN.
 */
export function isResourcePattern(text: string): boolean {
  const parts = text.split(':')
  if (parts.length < 5 && !text.includes('*')) return false
  return parts.length === 1 || (/^(?:acs|.*[*?].*)$/s.test(parts[0] ?? '') && !/[A-Z]/.test(parts[1] ?? ''))
}

/** The ARNs of all other services of the cloud. */
const OTHERS = ['acs:SERVICE:PART:PART:ANYTHING']

/** What a word in capitals of an ARN's form stands for (Product.resources): characters of a class, and whether there may be none. */
const WORDS: Readonly<Record<string, { readonly one: RegExp; readonly none: boolean }>> = {
  REGION: { one: /[a-z0-9-]/, none: false },
  ACCOUNT: { one: /\d/, none: false },
  NAME: { one: /[^\s,:]/, none: false },
  SERVICE: { one: /[a-z0-9-]/, none: false },
  PART: { one: /[^:]/, none: true },
  ANYTHING: { one: /./su, none: false },
}

/** A place in the texts of a grammar: one character of a class, or any number of them. */
interface Place {
  readonly one: (character: string) => boolean
  readonly repeats: boolean
}
type Grammar = readonly Place[]

function grammarOf(form: string): Grammar {
  return (form.match(/[A-Z]+|./g) ?? []).flatMap((piece): Place[] => {
    const word = WORDS[piece]
    if (!word) return [{ one: (character) => character === piece, repeats: false }]
    const one = (character: string) => word.one.test(character)
    const repeated = { one, repeats: true }
    return word.none ? [repeated] : [{ one, repeats: false }, repeated]
  })
}

const OWN_GRAMMARS = new Map(PRODUCTS.map(({ service, resources }) => [service, resources.map(grammarOf)] as const))
const OTHER_GRAMMARS = OTHERS.map(grammarOf)

/**
 * Whether the pattern matches the ARN of some resource. Refuses lists in one string, which are one pattern with commas. A service with
 * wildcards may be one that is not here.
 */
export function canMatch(pattern: string): boolean {
  if (/,\s*(?:acs:|\*)/.test(pattern)) return false
  // RAM has no regions, and its patterns may leave the region out.
  const full = pattern.replace(/^acs:ram::/, 'acs:ram:*:')
  const [, service = ''] = /^acs:([^:*?]*):/.exec(full) ?? []
  return (OWN_GRAMMARS.get(service) ?? OTHER_GRAMMARS).some((grammar) => meets(full, grammar))
}

/** Whether some text matches both: the places of the grammar that the pattern may have come to, one character after the other. */
function meets(pattern: string, grammar: Grammar): boolean {
  let at = entered(new Set([0]), grammar)
  for (const character of pattern) {
    const next = new Set<number>()
    for (const i of at)
      if (character === '*') for (let later = i; later <= grammar.length; later++) next.add(later)
      else {
        const place = grammar[i]
        if (place && (character === '?' || place.one(character))) next.add(place.repeats ? i : i + 1)
      }
    at = entered(next, grammar)
    if (at.size === 0) return false
  }
  return at.has(grammar.length)
}

/** With the places behind those that may hold no character. */
function entered(places: Set<number>, grammar: Grammar): Set<number> {
  // A set's iteration comes to what is added meanwhile.
  for (const i of places) if (grammar[i]?.repeats) places.add(i + 1)
  return places
}
