// Follows the pages of a list, by the paging parameters in its declaration.
import type { Parameters } from '../api/parameters.ts'
import { isJsonObject } from '../runtime/json.ts'
import { UsageError } from '../settings/usage-error.ts'
import type { Answered } from './ask.ts'

type Texts = ReadonlyMap<string, string>
type Answer = Answered['answer']

/** Members that describe a single page, not the list. */
const OF_A_PAGE = ['PageNumber', 'PageSize', 'Marker', 'IsTruncated', 'MaxItems', 'NextToken', 'MaxResults']

/** How the next page is requested: by its number, or by a marker in the page before. */
interface Paging {
  readonly by: 'PageNumber' | 'Marker' | 'NextToken'
  /** The parameter with the size of a page; null where there is none. */
  readonly size: { readonly name: string; readonly most: number } | null
}

function pagingOf(declared: Parameters): Paging | null {
  const by = (['PageNumber', 'Marker', 'NextToken'] as const).find((name) => Object.hasOwn(declared, name))
  if (!by) return null
  const size = ['PageSize', 'MaxItems', 'MaxResults'].find((name) => declared[name]?.shape?.max !== undefined)
  return { by, size: size === undefined ? null : { name: size, most: declared[size]?.shape?.max ?? 0 } }
}

/** Whether the operation lists by pages. */
export function hasPages(declared: Parameters): boolean {
  return pagingOf(declared) !== null
}

/**
 * Requests page after page, and returns the answer with the items of all pages. Its other members are those of the first page. Stops at a
 * refusal. Calls `seen` after each page, with the number of items so far. Throws UsageError if the operation has no pages.
 */
export async function everyPage(
  declared: Parameters,
  given: Texts,
  call: (parameters: Texts) => Promise<Answered>,
  seen: (items: number) => void,
): Promise<Answered> {
  const paging = pagingOf(declared)
  if (!paging) throw new UsageError(`${given.get('Action')} has no pages: omit \`--all\``)
  const { by, size } = paging
  const parameters = new Map(given)
  if (size && !parameters.has(size.name)) parameters.set(size.name, String(size.most))
  let all: Answered | undefined
  for (let number = Number(parameters.get('PageNumber') ?? 1); ; number++) {
    if (by === 'PageNumber') parameters.set(by, String(number))
    const page = await call(parameters)
    if (page.status >= 300) return page
    const answer = all ? (joined(all.answer, page.answer) as Answer) : page.answer
    all = { status: page.status, answer }
    const items = itemsOf(answer)
    seen(items)
    const next = nextOf(by, page.answer, items)
    if (next === null) return { status: page.status, answer: ofTheList(answer) }
    if (by === 'PageNumber') continue
    if (next === parameters.get(by)) throw new Error(`the server returns endless pages: two have the same ${by}`)
    parameters.set(by, next)
  }
}

/** The marker of the next page ('' where pages are numbered); null after the last page. */
function nextOf(by: Paging['by'], page: Answer, items: number): string | null {
  if (by === 'PageNumber') return itemsOf(page) > 0 && items < Number(page['TotalCount'] ?? 0) ? '' : null
  if (by === 'Marker' && page['IsTruncated'] !== true) return null
  const next = page[by]
  return typeof next === 'string' && next !== '' ? next : null
}

/** The first answer with the second answer's items appended. */
function joined(first: unknown, second: unknown): unknown {
  if (Array.isArray(first) && Array.isArray(second)) return [...first, ...second]
  if (!isJsonObject(first) || !isJsonObject(second)) return first
  const names = [...new Set([...Object.keys(first), ...Object.keys(second)])]
  return Object.fromEntries(
    names.map((name) => [name, name in first ? joined(first[name], second[name]) : second[name]]),
  )
}

function itemsOf(answer: unknown): number {
  if (Array.isArray(answer)) return answer.length
  return isJsonObject(answer) ? Object.values(answer).reduce<number>((sum, value) => sum + itemsOf(value), 0) : 0
}

function ofTheList(answer: Answer): Answer {
  return Object.fromEntries(Object.entries(answer).filter(([name]) => !OF_A_PAGE.includes(name)))
}
