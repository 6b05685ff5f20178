// The pages, held against what they speak of: declarations, files, headings.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { REFERENCE, referencePages, SETTINGS_PAGE, settingsReference } from '../scripts/reference.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const pages = globSync(['*.md', '{docs,examples}/**/*.md'], { cwd: root })

/** The anchors of a page's headings. */
function anchors(page: string): Set<string> {
  const headings = readFileSync(join(root, page), 'utf8')
    .replace(/^```.*?^```/gms, '')
    .matchAll(/^#{1,6} (.+)$/gm)
  return new Set([...headings].map(([, text = '']) => anchorOf(text)))
}

/** The anchor of a heading, as forges make it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

/** Why a link from a page leads nowhere, or null. */
function broken(page: string, target: string): string | null {
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? page : relative(root, join(root, dirname(page), path))
  if (!existsSync(join(root, file))) return `${page}: ${target}: there is no ${file}`
  if (anchor !== undefined && !anchors(file).has(anchor)) return `${page}: ${target}: ${file} has no such heading`
  return null
}

describe('the documentation', () => {
  it('has the reference pages that `npm run reference` makes of the declarations', () => {
    assert.deepEqual(globSync('*.md', { cwd: REFERENCE }).toSorted(), [...referencePages().keys()].toSorted())
    for (const [name, text] of referencePages())
      assert.ok(readFileSync(REFERENCE + name, 'utf8') === text, `${name} is not up to date: run \`npm run reference\``)
  })

  it('has the page of settings that `npm run reference` makes of their rows', () => {
    assert.ok(readFileSync(SETTINGS_PAGE, 'utf8') === settingsReference(), 'not up to date: run `npm run reference`')
  })

  it('links only to pages and headings that exist', () => {
    const links = pages.flatMap((page) => {
      const text = readFileSync(join(root, page), 'utf8').replace(/^```.*?^```/gms, '')
      return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => [page, target] as const)
    })
    assert.ok(links.length > 100)
    const local = links.filter(([, target]) => !/^[a-z]+:/.test(target))
    assert.deepEqual(
      local.map((link) => broken(...link)).filter((why) => why !== null),
      [],
    )
  })

  it('names of each client the version that the tests run', () => {
    const lists = [
      'package.json',
      'test/clients/python/requirements.txt',
      'test/clients/go/go.mod',
      'test/clients/java/pom.xml',
      'test/clients/kubernetes/go.mod',
      'test/clients/kube-apiserver/go.mod',
      'test/clients/auto-unseal/go.mod',
      'test/clients/external-secrets/go.mod',
      'test/clients/installed.txt',
      'test/clients/secrets/go.mod',
      'test/clients/secrets/java/pom.xml',
      'test/clients/secrets/requirements.txt',
    ]
    const pinned = lists.map((list) => readFileSync(join(root, list), 'utf8')).join('\n')
    const table = /^## What was run$(.*?)^## /ms.exec(readFileSync(join(root, 'docs/clients.md'), 'utf8'))?.[1] ?? ''
    const named = [...table.matchAll(/`([\w@/.-]+)`[^|`]*?\|? *(v?\d+\.\d+\.\d+)/g)].map(
      ([, name = '', version = '']) => [name, version],
    )
    assert.ok(named.length >= 10)
    const isPinned = ([name = '', version = '']: string[]) => {
      const text = (part: string) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      return new RegExp(`${text(name)}(?:": "|==| |</artifactId>\\s*<version>)${text(version)}(?!\\d)`).test(pinned)
    }
    assert.deepEqual(
      named.filter((one) => !isPinned(one)),
      [],
    )
  })

  it('has every page and heading that a source cites', () => {
    const cited = globSync('src/**/*.ts', { cwd: root }).flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8')
      return [...text.matchAll(/\b(docs\/[\w./-]+\.md)(#[\w-]+)?(?:, "([^"]+)")?/g)].map(
        ([, page = '', anchor = '', heading]) => [file, page + (heading ? `#${anchorOf(heading)}` : anchor)] as const,
      )
    })
    assert.ok(cited.length > 20)
    const missing = cited.map(([file, target]) => (broken('README.md', target) === null ? null : `${file}: ${target}`))
    assert.deepEqual(
      missing.filter((why) => why !== null),
      [],
    )
  })
})
