// The texts of the console: every one in both languages, saying the same things, and none that no page says.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type English, format, type Texts } from '../../../src/console/browser/texts/format.ts'

const BROWSER = fileURLToPath(new URL('../../../src/console/browser/', import.meta.url))
const files = globSync('**/*.texts.ts', { cwd: BROWSER })
const catalogues = await Promise.all(
  files.map(async (file) => {
    const module = (await import(`${BROWSER}${file}`)) as Readonly<Record<string, Texts>>
    return Object.entries(module).map(([name, texts]) => ({ file, name, texts }))
  }),
)
const sources = globSync('**/*.{ts,tsx}', { cwd: BROWSER })
  .filter((file) => !file.endsWith('.texts.ts'))
  .map((file) => readFileSync(`${BROWSER}${file}`, 'utf8'))

/** Names and words that Chinese pages keep as they are. */
const KEPT = /^(AccessKey( ID| Secret)?|ARN|UID|Base64|English|\{.*\})$/

const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).toSorted()
const forms = (english: English) => (typeof english === 'string' ? [english] : [english.one, english.other])

describe('the texts of the console', () => {
  for (const { file, name, texts } of catalogues.flat())
    describe(`${basename(file)}`, () => {
      it('exist in both languages', () => {
        const empty = Object.entries(texts).filter(([, [english, chinese]]) =>
          [...forms(english), chinese].some((text) => text.trim() === ''),
        )
        assert.deepEqual(empty, [])
        const untranslated = Object.entries(texts).filter(
          ([, [, chinese]]) => !/\p{Script=Han}/u.test(chinese) && !KEPT.test(chinese),
        )
        assert.deepEqual(untranslated, [])
      })

      it('say the same values in both languages', () => {
        const different = Object.entries(texts).filter(([, [english, chinese]]) => {
          const [several = ''] = forms(english).toReversed()
          return (
            JSON.stringify(places(several)) !== JSON.stringify(places(chinese)) && places(chinese).join() !== '{count}'
          )
        })
        assert.deepEqual(different, [])
      })

      it('are used by some page', () => {
        const users = (
          name === 'common' ? sources : sources.filter((source) => new RegExp(`\\b${name}\\b`).test(source))
        ).join('\n')
        const unsaid = Object.keys(texts).filter((key) => {
          const [first = ''] = key.split(/[.-][^.-]*$/)
          const written = [`'${key}'`, `\`${first}.`, `.${key.split('.').at(-1)}\``, `\`${first}`]
          return !written.some((text) => users.includes(text))
        })
        assert.deepEqual(unsaid, [])
      })
    })

  it('distinguish singular and plural, and format numbers as the language does', () => {
    const keys = [{ one: '1 key', other: '{count} keys' }, '{count} 个密钥'] as const
    assert.equal(format(keys, 'en', { count: 1 }), '1 key')
    assert.equal(format(keys, 'en', { count: 1234 }), '1,234 keys')
    assert.equal(format(keys, 'zh', { count: 1 }), '1 个密钥')
  })

  it('never replace a placeholder inside a value', () => {
    assert.equal(format(['{a} {b}', '{a} {b}'], 'en', { a: '{b}', b: 'x' }), '{b} x')
  })
})
