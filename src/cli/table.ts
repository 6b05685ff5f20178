// Answers as tables for people to read; programs read JSON.
import { isJsonObject, type JsonObject } from '../runtime/json.ts'
import { oneLine } from './terminal-text.ts'

/** A list becomes rows with a heading; an object becomes two columns. Without colours, plain text. */
export function tableOf(answer: unknown, colours: boolean): string {
  const heading = (text: string) => (colours ? `\x1b[1m${text}\x1b[22m` : text)
  if (Array.isArray(answer)) return listed(answer, heading)
  if (!isJsonObject(answer)) return cell(answer)
  const list = onlyList(answer)
  if (!list) return columns(flat(answer, ''), (text, i) => (i === 0 ? heading(text) : text))
  const rest = flat(list.rest, '')
  const below = columns(rest, (text, i) => (i === 0 ? heading(text) : text))
  return [listed(list.items, heading), ...(rest.length > 0 ? ['', below] : [])].join('\n')
}

function listed(items: readonly unknown[], heading: (text: string) => string): string {
  if (items.length === 0) return '(none)'
  const rows = items.map((item) => new Map(isJsonObject(item) ? flat(item, '') : [['', cell(item)]]))
  const names = [...new Set(rows.flatMap((row) => [...row.keys()]))]
  const body = rows.map((row) => names.map((name) => row.get(name) ?? ''))
  if (names.length === 1 && names[0] === '') return columns(body, (text) => text)
  return columns([names, ...body], (text, _, row) => (row === 0 ? heading(text) : text))
}

/** The only list of an answer, and its other members; null where there are no lists or several. */
function onlyList(answer: JsonObject): { items: readonly unknown[]; rest: JsonObject } | null {
  const lists = Object.entries(answer).flatMap(([name, value]) => {
    const inner = isJsonObject(value) ? Object.values(value) : [value]
    const items = inner.length === 1 ? inner[0] : null
    return Array.isArray(items) ? [{ name, items: items as readonly unknown[] }] : []
  })
  const [list] = lists
  if (!list || lists.length > 1) return null
  const { [list.name]: _, ...rest } = answer
  return { items: list.items, rest }
}

/** The members by their paths, such as KeyMetadata.KeyId. A list is one value. */
function flat(members: JsonObject, above: string): [path: string, value: string][] {
  return Object.entries(members).flatMap(([name, value]) =>
    isJsonObject(value) ? flat(value, `${above}${name}.`) : [[`${above}${name}`, cell(value)] as [string, string]],
  )
}

/** A value in one line. */
function cell(value: unknown): string {
  return oneLine(typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value))
}

function columns(rows: readonly (readonly string[])[], dressed: (text: string, column: number, row: number) => string) {
  const widths: number[] = []
  for (const row of rows) for (const [i, text] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(text))
  const line = (row: readonly string[], number: number) =>
    row
      .map(
        (text, i) => dressed(text, i, number) + ' '.repeat(i === row.length - 1 ? 0 : (widths[i] ?? 0) - widthOf(text)),
      )
      .join('  ')
      .trimEnd()
  return rows.map(line).join('\n')
}

/** The width in terminal columns: Chinese and other wide characters take two. */
function widthOf(text: string): number {
  let width = 0
  for (const character of text)
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u.test(
        character,
      )
        ? 2
        : 1
  return width
}
