// Generates docs/reference/operations/ from the operations' declarations, one page per set of operations, and docs/reference/settings.md
// from the rows of settings. As a program, it writes the pages.
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Parameter } from '../src/api/parameters.ts'
import type { CallOperation, ProductVersion } from '../src/gateway/house.ts'
import { products } from '../src/gateway/products.ts'
import { settingsPage } from '../src/settings/description.ts'

export const REFERENCE = fileURLToPath(new URL('../docs/reference/operations/', import.meta.url))

const FROM_DECLARATIONS =
  '<!-- Made by `npm run reference` from the declarations in src: change those, then run it. -->'

export const SETTINGS_PAGE = fileURLToPath(new URL('../docs/reference/settings.md', import.meta.url))

/** The page of settings. */
export function settingsReference(): string {
  return settingsPage('<!-- Made by `npm run reference` from the rows in src/settings: change those, then run it. -->')
}

/** The pages by file name; `README.md` lists them. Versions of a product that have the same operations share a page. */
export function referencePages(): ReadonlyMap<string, string> {
  const sets = [
    ...Map.groupBy(products, ({ product, operations }) => product.name + [...operations.values()].map(idOf)).values(),
  ]
  const pages = sets.map((versions): [string, string] => [fileName(versions), page(versions)])
  return new Map([['README.md', index(sets)], ...pages])
}

const ids = new Map<CallOperation, number>()

/** A number for each operation: versions of a product may have different operations with the same name. */
function idOf(operation: CallOperation): number {
  const id = ids.get(operation) ?? ids.size
  ids.set(operation, id)
  return id
}

function fileName([first]: readonly ProductVersion[]): string {
  const { product, version } = first as ProductVersion
  return `${product.service}-${version}.md`
}

function index(sets: readonly (readonly ProductVersion[])[]): string {
  const rows = sets.map((versions) => {
    const names = [...(versions[0]?.operations.keys() ?? [])]
    const links = names.map((name) => `[${name}](${fileName(versions)}#${name.toLowerCase()})`)
    return [`[${title(versions)}](${fileName(versions)})`, links.join(', ')]
  })
  return [
    '# Operations',
    FROM_DECLARATIONS,
    'Every operation, by API version. [Errors](../../errors.md) explains what each error code means and what to do.',
    table(['API version', 'operations'], rows),
    '',
  ].join('\n\n')
}

function title(versions: readonly ProductVersion[]): string {
  return `${versions[0]?.product.title} ${versions.map(({ version }) => version).join(' and ')}`
}

function page(versions: readonly ProductVersion[]): string {
  const operations = [...(versions[0]?.operations.values() ?? [])].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return [`# ${title(versions)}`, FROM_DECLARATIONS, ...operations.map(section), ''].join('\n\n')
}

function section(operation: CallOperation): string {
  const { name, summary, parameters, refusals, quotaRefusal } = operation
  const codes = [...new Set([...refusals, ...(quotaRefusal ? [quotaRefusal] : [])])]
  return [
    `## ${name}`,
    summary,
    parameterTable(Object.entries(parameters)),
    factsOf(operation).join('\n'),
    codes.length === 0
      ? 'Refuses only with what [any call](../../errors.md) can meet.'
      : `Refuses with ${list(codes.map(errorLink))}.`,
  ].join('\n\n')
}

function parameterTable(parameters: readonly [string, Parameter<unknown>][]): string {
  if (parameters.length === 0) return 'It takes no parameters.'
  const rows = parameters.map(([name, { type, required, secret, rule, pieces }]) => [
    `\`${name}\``,
    pieces ? `${type}, or in pieces` : type,
    required ? 'required' : 'optional',
    cell(rule) + (secret ? ' Secret: no event, log or message shows it.' : ''),
  ])
  return table(['parameter', 'type', '', 'rule'], rows)
}

function factsOf({
  access,
  action,
  otherActions = [],
  claimant,
  selfService,
  trail,
  jsonOnly,
}: CallOperation): string[] {
  const all = (names: readonly string[]) =>
    names.length === 0 ? 'nothing' : names.map((one) => `\`${one}\``).join(', ')
  return [
    action === null
      ? claimant
        ? '- Nobody signs the call: its token proves the caller.'
        : '- Every authenticated caller may call it.'
      : `- Action in policies: \`${action}\`, ${access.toLowerCase()} access.`,
    ...(otherActions.length > 0
      ? [`- An Allow of ${list(otherActions.map((one) => `\`${one}\``))} suffices too, and a Deny of it denies.`]
      : []),
    ...(selfService
      ? [`- Without a policy: a user on itself, where the security preference lets users manage their ${selfService}.`]
      : []),
    trail === null
      ? '- It leaves no event.'
      : `- Its event shows of the parameters ${all(trail.show)}; of the reply ${all(trail.reply)}.`,
    ...(trail?.unverified ? [`- Until the token is verified, it shows only ${all(trail.unverified)}.`] : []),
    ...(jsonOnly ? ['- The answer is JSON, whatever `Format` says.'] : []),
  ]
}

const errorLink = (code: string) => `[${code}](../../errors.md#${code.toLowerCase().replace(/[^a-z0-9-]/g, '')})`
const cell = (text: string) => text.replaceAll('|', '\\|')

function list(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(REFERENCE, { recursive: true })
  for (const [name, text] of referencePages()) writeFileSync(REFERENCE + name, text)
  writeFileSync(SETTINGS_PAGE, settingsReference())
}
