// Builds the styles of Ant Design's components as a file, so that browsers need not compute them. The file has the styles of the
// components that the application uses, and styles that belong to no unused component.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/** Components whose classes have other names than their folders. */
const CLASSES: Readonly<Record<string, readonly string[]>> = {
  button: ['btn'],
  calendar: ['picker-calendar'],
  'date-picker': ['picker'],
  'float-button': ['float-btn'],
  grid: ['col', 'row'],
}

/** `css` without the rules for components that nothing below `sources` uses. `library` is the folder of Ant Design's modules. */
export function stylesOfUsed(css: string, library: string, sources: string): string {
  const used = componentsOf(library, importedBy(sources))
  const unused = styledIn(library).filter((one) => !used.has(one))
  const classes = (folders: readonly string[]) => folders.flatMap((one) => CLASSES[one] ?? one)
  return withoutClasses(css, classes(unused), classes([...used]))
}

/**
 * `css` without the selectors that need an element of a component `unused`, and without variables, which the application sets itself. A class
 * belongs to the component with the longest name that it begins with. What is in parentheses is excluded, or one of several: not needed.
 */
export function withoutClasses(css: string, unused: readonly string[], used: readonly string[]): string {
  const isOf = (name: string, component: string) => name === component || name.startsWith(`${component}-`)
  const isUnused = (name: string) => {
    const longest = [...unused, ...used].filter((one) => isOf(name, one)).toSorted((a, b) => b.length - a.length)[0]
    return longest !== undefined && !used.includes(longest)
  }
  const isKept = (selector: string) => {
    if (selector.includes('.css-var-')) return false
    return ![...outsideParentheses(selector).matchAll(/\.ant-([a-z-]+)/g)].some(([, name = '']) => isUnused(name))
  }
  return rulesIn(css)
    .map(({ head, body }) => {
      if (/^@(?:media|supports)/.test(head)) {
        const inner = withoutClasses(body, unused, used)
        return inner && `${head}{${inner}}`
      }
      if (head.startsWith('@')) return `${head}{${body}}`
      const kept = selectorsIn(head).filter(isKept)
      return kept.length > 0 ? `${kept.join()}{${body}}` : ''
    })
    .join('')
}

interface Rule {
  readonly head: string
  readonly body: string
}

/** The outermost rules of a style sheet that has no comment, and no brace in a text. */
function rulesIn(css: string): readonly Rule[] {
  const rules: Rule[] = []
  let [depth, begin, open] = [0, 0, 0]
  for (const { index, 0: brace } of css.matchAll(/[{}]/g)) {
    if (brace === '{' && depth++ === 0) open = index
    if (brace === '}' && --depth === 0) {
      rules.push({ head: css.slice(begin, open).trim(), body: css.slice(open + 1, index) })
      begin = index + 1
    }
  }
  return rules
}

function selectorsIn(head: string): readonly string[] {
  let depth = 0
  const selectors = ['']
  for (const character of head) {
    if (character === '(') depth++
    if (character === ')') depth--
    if (character === ',' && depth === 0) selectors.push('')
    else selectors[selectors.length - 1] += character
  }
  return selectors
}

function outsideParentheses(selector: string): string {
  const inner = selector.replace(/\([^()]*\)/g, '')
  return inner === selector ? selector : outsideParentheses(inner)
}

/** What the files below a folder import by name from the package. */
function importedBy(sources: string): readonly string[] {
  return scriptsIn(sources).flatMap((path) => {
    const lists = readFileSync(path, 'utf8').matchAll(/import \{([^}]*)\} from 'antd'/g)
    return [...lists].flatMap(([, list = '']) => list.split(',').map((one) => one.trim().replace(/^type /, '')))
  })
}

/** The folders of components whose styles belong to what the modules of the components with these names import. */
function componentsOf(library: string, names: readonly string[]): ReadonlySet<string> {
  const index = readFileSync(join(library, 'index.js'), 'utf8')
  const exported = new Map(
    [...index.matchAll(/export \{ default as (\w+) \} from '\.\/([a-z-]+)'/g)].map(([, name, folder]) => [
      name,
      folder,
    ]),
  )
  const seen = new Set<string>()
  const waiting = names.flatMap((name) => exported.get(name) ?? []).map((folder) => join(library, folder, 'index.js'))
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    for (const [, from = ''] of readFileSync(path, 'utf8').matchAll(/from ["'](\.[^"']+)["']/g)) {
      const to = resolve(dirname(path), from)
      waiting.push(existsSync(`${to}.js`) ? `${to}.js` : join(to, 'index.js'))
    }
  }
  return new Set([...seen].flatMap((path) => /^([^/]+)\/style\//.exec(relative(library, path))?.[1] ?? []))
}

/** The folders of components that have styles of their own. */
function styledIn(library: string): readonly string[] {
  return readdirSync(library).filter((name) => /^[a-z]/.test(name) && existsSync(join(library, name, 'style/index.js')))
}

function scriptsIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:js|tsx?)$/.test(name) && !name.endsWith('.d.ts'))
    .map((name) => join(folder, name))
}
