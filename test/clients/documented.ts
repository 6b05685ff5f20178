// The programs of docs/clients.md, line by line as they stand there, against a real server: official clients of each language, over HTTP and HTTPS.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Program, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { type Generation, LANGUAGES, reasonToSkip } from './languages.ts'

const PAGE = readFileSync(fileURLToPath(new URL('../../docs/clients.md', import.meta.url)), 'utf8')
const REGIONS = { first: 'cn-hangzhou', configured: 'cn-beijing' }

/** The page's blocks by the word behind their language: `python core-http`. */
const blocks = new Map(
  Array.from(PAGE.matchAll(/^```(\w+ \w+-\w+)\n(.*?)^```$/gms), ([, name = '', text = '']) => [name, text]),
)

function block(name: string): string {
  const text = blocks.get(name)
  assert.ok(text, `docs/clients.md has no block ${name}`)
  return text
}

for (const isHttps of [false, true])
  describe(`docs/clients.md over ${isHttps ? 'HTTPS' : 'HTTP'}`, () => {
    const folder = temporaryFolder()
    let program: Program
    before(async () => {
      program = await startProgram({
        data: join(folder, 'data'),
        flags: [
          ...['--region', `${REGIONS.first},${REGIONS.configured}`, '--listen', `${REGIONS.configured}=127.0.0.1:0`],
          ...(isHttps ? ['--tls', 'self-signed'] : []),
        ],
        // The very values that the page has for its reader's.
        env: {
          STRONGROOM_ACCOUNT_ID: '1234567890123456',
          STRONGROOM_ROOT_ACCESS_KEY_ID: 'LTAI-YOUR-ID',
          STRONGROOM_ROOT_ACCESS_KEY_SECRET: 'YOUR-SECRET',
        },
      })
    })
    after(() => program.stop())

    for (const language of LANGUAGES) {
      const skip = reasonToSkip(language)
      describe(`clients in ${language.name}`, { skip }, () => {
        before(() => language.prepare())
        /** Makes a key, encrypts and decrypts; returns the key's region. */
        const roundTrip = async (generation: Generation, endpoint: string | undefined) => {
          const name = `${language.fence} ${generation}`
          const here = (text: string) => text.replaceAll('127.0.0.1:7700', new URL(endpoint ?? '').host)
          const connect = here(block(`${name}-${isHttps ? 'https' : 'http'}`))
          const out = await language.run(folder, connect, block(`${name}-use`), isHttps)
          const [arn = '', plaintext] = out.trim().split(' ')
          assert.equal(plaintext, 'aGVsbG8=')
          const [, region] = /^acs:kms:(.*):1234567890123456:key\//.exec(arn) ?? []
          return region
        }
        // As the page's table has it: the newer clients' region does not reach a bare address.
        it('of before 2020 send their region with every call', { skip }, async () => {
          assert.equal(await roundTrip('core', program.endpoint), REGIONS.configured)
        })
        it('of today land in the first region, and in their own at a port of its own', { skip }, async () => {
          assert.equal(await roundTrip('tea', program.endpoint), REGIONS.first)
          assert.equal(await roundTrip('tea', program.endpoints?.[REGIONS.configured]), REGIONS.configured)
        })
      })
    }
  })
