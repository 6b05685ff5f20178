// Resource patterns: their form, and whether a pattern can match any resource (docs/reference/policy-language.md, "Resources").
import { PRODUCTS } from '../../api/product.ts'
import { compileWildcard } from './wildcard.ts'

/**
 * Whether the text has the form of a pattern. A star may stand for several parts, so a pattern with a star may have fewer than five parts.
 * Prefix and service are lower case in every ARN.
 */
export function isResourcePattern(text: string): boolean {
  const parts = text.split(':')
  if (parts.length < 5 && !text.includes('*')) return false
  return parts.length === 1 || (/^(?:acs|.*[*?].*)$/s.test(parts[0] ?? '') && !/[A-Z]/.test(parts[1] ?? ''))
}

/** Inserts the region `*` where a pattern for RAM, IMS or STS omits the region. Their ARNs have `*` in its place. */
export function withRegion(pattern: string): string {
  return pattern.replace(/^acs:(ram|ims|sts)::/, 'acs:$1:*:')
}

/** The ARNs of all other services of the cloud. */
const OTHERS = ['acs:SERVICE:PART:PART:ANYTHING']

/** The meaning of the words in capitals in the form of an ARN (Product.resources): a character class, and whether the part may be empty. */
const WORDS: Readonly<Record<string, { readonly one: RegExp; readonly none: boolean }>> = {
  REGION: { one: /[a-z0-9-]/, none: false },
  ACCOUNT: { one: /\d/, none: false },
  NAME: { one: /[^\s,:]/, none: false },
  SERVICE: { one: /[a-z0-9-]/, none: false },
  PART: { one: /[^:]/, none: true },
  ANYTHING: { one: /./su, none: false },
}

/** An element of a grammar: one character of a class, or any number of such characters. */
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
 * Whether the pattern matches the ARN of some resource. False for a list in one string, which would be one pattern with commas. A service with
 * wildcards may be a service of the cloud that is not implemented here.
 */
export function canMatch(pattern: string): boolean {
  if (/,\s*(?:acs:|\*)/.test(pattern)) return false
  const full = withRegion(pattern.replace(/\*+/g, '*'))
  const [, service = ''] = /^acs:([^:*?]*):/.exec(full) ?? []
  return (OWN_GRAMMARS.get(service) ?? OTHER_GRAMMARS).some((grammar) => meets(full, grammar))
}

/** Whether the pattern certainly matches all texts that begin with `prefix`. False for a few patterns that do match, such as `?*`. */
export function matchesEvery(pattern: string, prefix: string): boolean {
  return pattern.endsWith('*') && compileWildcard(pattern)(prefix)
}

/** Whether the pattern matches some ARN that consists of `prefix` and a name. */
export function canMatchAfter(prefix: string, pattern: string): boolean {
  const begin = Array.from(prefix, (place): Place => ({ one: (character) => character === place, repeats: false }))
  return meets(pattern.replace(/\*+/g, '*'), [...begin, ...grammarOf('NAME')])
}

/**
 * Whether some text matches both pattern and grammar. For each character of the pattern, `at` marks with 1 the places of the grammar that such a
 * text may have reached. Takes at most pattern × grammar steps.
 */
function meets(pattern: string, grammar: Grammar): boolean {
  let at = entered(Uint8Array.of(1, ...grammar.map(() => 0)), grammar)
  let next = new Uint8Array(at.length)
  for (const character of pattern) {
    const first = at.indexOf(1)
    if (first < 0) return false
    next.fill(0)
    if (character === '*') next.fill(1, first)
    else
      for (let i = first; i < grammar.length; i++) {
        const place = grammar[i]
        if (at[i] && place && (character === '?' || place.one(character))) next[place.repeats ? i : i + 1] = 1
      }
    ;[at, next] = [entered(next, grammar), at]
  }
  return at[grammar.length] === 1
}

/** Adds the places that can be reached by skipping repeated elements. */
function entered(places: Uint8Array<ArrayBuffer>, grammar: Grammar): Uint8Array<ArrayBuffer> {
  for (let i = 0; i < grammar.length; i++) if (places[i] && grammar[i]?.repeats) places[i + 1] = 1
  return places
}
