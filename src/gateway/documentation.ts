// The documentation under /docs/: Markdown files of this installation, rendered on first request. The list of pages is made at the start. A request
// only looks up its path in this list; it can't reach any other file.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { escaped } from './encode.ts'

/** The path of the documentation. */
export const DOCS_PATH = '/docs/'

/** An HTML page. `policy` is its Content-Security-Policy. */
export interface Page {
  readonly html: Buffer
  readonly etag: string
  readonly policy: string
}

/** The pages in this project's root folder, beside docs/. */
const ROOT_PAGES = ['README', 'ARCHITECTURE', 'CHANGELOG', 'CODE_OF_CONDUCT', 'CONTRIBUTING', 'SECURITY']

const STYLE = `body{margin:0 auto;max-width:60rem;padding:1rem 1.5rem 4rem;font:16px/1.5 system-ui,sans-serif;color:#1f2328}
nav{border-bottom:1px solid #d1d9e0;padding-bottom:.5rem}a{color:#0550ae}
code,pre{font:14px/1.45 ui-monospace,monospace;background:#f3f4f6;border-radius:4px}code{padding:.1em .3em}
pre{padding:.8rem;overflow-x:auto}pre code{padding:0}table{border-collapse:collapse;display:block;overflow-x:auto}
th,td{border:1px solid #d1d9e0;padding:.3rem .6rem;text-align:left;vertical-align:top}:target{background:#fff8c5}
@media (prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}a{color:#6cb6ff}code,pre{background:#1b222c}
nav,th,td{border-color:#3d444d}:target{background:#3a2f00}}`

/** Pages load nothing and run nothing. The only style is allowed by its hash. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

export class Documentation {
  readonly #root: string
  /** The Markdown file of each path, relative to the root. */
  readonly #files: ReadonlyMap<string, string>
  readonly #rendered = new Map<string, Promise<Page>>()

  /** Lists the pages of the project in the folder `root`: an absolute path that ends with a slash. */
  constructor(root: string = fileURLToPath(new URL('../../', import.meta.url))) {
    this.#root = root
    const docs = existsSync(`${root}docs`) ? readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' }) : []
    const files = [
      ...ROOT_PAGES.map((name) => `${name}.md`).filter((file) => existsSync(root + file)),
      ...docs.filter((file) => file.endsWith('.md')).map((file) => `docs/${file.replaceAll('\\', '/')}`),
    ]
    this.#files = new Map(files.map((file) => [pathOf(file), file]))
  }

  /** The paths of all pages. */
  get paths(): readonly string[] {
    return [...this.#files.keys()]
  }

  /** The page at this path, or null when there is none. Rejects when its file can't be read. */
  async page(path: string): Promise<Page | null> {
    const file = this.#files.get(path)
    if (file === undefined) return null
    const known = this.#rendered.get(file)
    if (known) return known
    const rendered = this.#render(file)
    this.#rendered.set(file, rendered)
    // A failed rendering is tried again at the next request.
    rendered.catch(() => this.#rendered.delete(file))
    return rendered
  }

  async #render(file: string): Promise<Page> {
    const [text, { Marked }, { gfmHeadingId }] = await Promise.all([
      readFile(this.#root + file, 'utf8'),
      import('marked'),
      import('marked-gfm-heading-id'),
    ])
    const linkOf = (href: string) => this.#linkOf(href, file)
    const marked = new Marked(gfmHeadingId(), {
      renderer: {
        link({ href, tokens }) {
          const [words, link] = [this.parser.parseInline(tokens), linkOf(href)]
          return link === null ? words : `<a href="${escaped(link)}">${words}</a>`
        },
        image: ({ text: description }) => escaped(description),
        // HTML in the files consists of comments for editors.
        html: () => '',
      },
    })
    const [, title = 'Strongroom'] = /^# (.+)$/m.exec(text) ?? []
    const html = Buffer.from(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title><style>${STYLE}</style></head>
<body><nav><a href="${DOCS_PATH}">Strongroom documentation</a></nav>
<main>
${await marked.parse(text)}</main></body></html>
`)
    return { html, etag: `"${createHash('sha256').update(html).digest('base64url')}"`, policy: POLICY }
  }

  /** Returns the target of a link in a file: another page or another site; null for files that are not served, such as sources. */
  #linkOf(href: string, file: string): string | null {
    if (/^https?:/.test(href)) return href
    if (href.startsWith('#')) return href
    if (!URL.canParse(href, `file:///${file}`)) return null
    const { protocol, pathname, hash } = new URL(href, `file:///${file}`)
    const path = pathOf(pathname.slice(1).replace(/(^|\/)$/, '$1README.md'))
    return protocol === 'file:' && this.#files.has(path) ? path + hash : null
  }
}

/** The path of a file's page: /docs/errors of docs/errors.md, /docs/ of docs/README.md, /docs/SECURITY of SECURITY.md. */
function pathOf(file: string): string {
  const name = file.replace(/\.md$/, '')
  return name.startsWith('docs/') ? `/${name.replace(/\/README$/, '/')}` : DOCS_PATH + name
}
