// Values that clients send in pieces: lists as Name.1, Name.2 or Name.1.Key, maps as Name.key. A piece that its parameter does not take is refused
// instead of ignored, because the client relies on it.
import { refuse } from './errors.ts'

/** How a parameter takes pieces. `rest` is the part of a piece's name after the parameter's name and a dot. */
export interface Pieces {
  /** The limit on pieces of one parameter. */
  readonly most: number
  fits(rest: string): boolean
  /** The text of the whole value; '' when there are no pieces. */
  joined(pieces: readonly Piece[]): string
}

type Piece = readonly [rest: string, value: string]

type Declared = Readonly<Record<string, { readonly rule: string; readonly pieces?: Pieces }>>

const NONE: ReadonlyMap<string, string> = new Map()

/**
 * Returns the whole text of each parameter that was sent in pieces. Refuses with InvalidParameter a piece that its parameter does not take, too
 * many pieces, and a parameter that was also sent whole.
 */
export function gathered(declared: Declared, given: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  let found: Map<string, Piece[]> | null = null
  for (const [full, value] of given) {
    const dot = full.indexOf('.')
    if (dot < 0) continue
    const name = full.slice(0, dot)
    const parameter = Object.hasOwn(declared, name) ? declared[name] : undefined
    if (!parameter) continue
    const { pieces, rule } = parameter
    const rest = full.slice(dot + 1)
    if (!pieces?.fits(rest)) throw refuse('InvalidParameter', { name: full.slice(0, 128), rule: `${name} is: ${rule}` })
    if (given.get(name)) throw refuse('InvalidParameter', { name, rule: 'It is given both whole and in pieces.' })
    found ??= new Map()
    const all = found.get(name) ?? []
    if (all.length >= pieces.most) throw refuse('InvalidParameter', { name, rule })
    all.push([rest, value])
    found.set(name, all)
  }
  if (!found) return NONE
  return new Map([...found].map(([name, all]) => [name, declared[name]?.pieces?.joined(all) ?? '']))
}

/** Whether a name in a request is a piece of a declared parameter. */
export function isPiece(declared: Declared, full: string): boolean {
  const dot = full.indexOf('.')
  const name = full.slice(0, Math.max(0, dot))
  return Object.hasOwn(declared, name) && declared[name]?.pieces?.fits(full.slice(dot + 1)) === true
}

/** Each index has only one spelling, so no item can occur twice. */
const INDEX = /^(?:0|[1-9]\d{0,3})$/

/** Texts as Name.1, Name.2, …: a JSON array in the order of the indexes. Gaps and empty texts are skipped. */
export function textPieces(most: number): Pieces {
  return {
    most,
    fits: (rest) => INDEX.test(rest),
    joined: (pieces) => {
      const texts = inOrder(pieces.filter(([, value]) => value !== '')).map(([, value]) => value)
      return texts.length === 0 ? '' : JSON.stringify(texts)
    },
  }
}

/** Objects as Name.1.Key, Name.1.Value, …: a JSON array in the order of the indexes. Gaps are skipped. */
export function objectPieces(most: number, members: readonly string[]): Pieces {
  const cut = (rest: string) => {
    const dot = rest.indexOf('.')
    return [rest.slice(0, Math.max(0, dot)), rest.slice(dot + 1)] as const
  }
  return {
    most: most * members.length,
    fits: (rest) => {
      const [index, member] = cut(rest)
      return INDEX.test(index) && members.includes(member)
    },
    joined: (pieces) => {
      const items = new Map<string, Record<string, string>>()
      for (const [rest, value] of pieces) {
        const [index, member] = cut(rest)
        const item = items.get(index) ?? {}
        item[member] = value
        items.set(index, item)
      }
      return JSON.stringify(inOrder([...items]).map(([, item]) => item))
    },
  }
}

/** A map as Name.key=value: a JSON object of strings. Keys may contain dots. */
export function mapPieces(most: number): Pieces {
  return { most, fits: () => true, joined: (pieces) => JSON.stringify(Object.fromEntries(pieces)) }
}

function inOrder<T extends readonly [index: string, value: unknown]>(pieces: readonly T[]): readonly T[] {
  return pieces.toSorted(([a], [b]) => Number(a) - Number(b))
}
