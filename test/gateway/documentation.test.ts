// The pages that the server serves of itself, and `Recommend` in errors, which points into them.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { catalogue } from '../../src/api/errors/catalogue.ts'
import { Documentation } from '../../src/gateway/documentation.ts'
import { INSTANCE_OPERATIONS } from '../../src/kms/instance-operations.ts'
import { Connection, get } from '../acceptance/raw.ts'
import { openTestHouse, type TestHouse } from '../house.ts'

let house: TestHouse
before(async () => {
  house = await openTestHouse(null)
})
after(() => house[Symbol.asyncDispose]())

const idsOf = (html: string) => new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id = '']) => id))
const linksOf = (html: string) => [...html.matchAll(/ href="([^"]+)"/g)].map(([, href = '']) => href)

async function page(path: string): Promise<string> {
  const response = await fetch(house.endpoint + path)
  assert.equal(response.status, 200, path)
  return response.text()
}

describe('the documentation on the port of the service', () => {
  it('has a page for each file of docs/ and for those of the root', async () => {
    const { paths } = new Documentation()
    for (const path of ['/docs/', '/docs/README', '/docs/SECURITY', '/docs/errors', '/docs/reference/formats'])
      assert.ok(paths.includes(path), path)
    assert.ok(paths.some((path) => path.startsWith('/docs/decisions/0001-')))
    for (const path of paths) assert.match(await page(path), /<main>\n<h1 id="[^"]+">/, path)
  })

  it('has links that lead to pages and headings, and none to anything else of the repository', async () => {
    const pages = new Map<string, Set<string>>()
    for (const path of new Documentation().paths) pages.set(path, idsOf(await page(path)))
    const broken: string[] = []
    for (const path of pages.keys())
      for (const link of linksOf(await page(path))) {
        const { origin, pathname, hash } = new URL(link, `http://here${path}`)
        if (origin !== 'http://here') continue
        const ids = pages.get(pathname)
        if (!ids || (hash !== '' && !ids.has(decodeURIComponent(hash.slice(1))))) broken.push(`${path}: ${link}`)
      }
    assert.deepEqual(broken, [])
  })

  it('runs and loads nothing in a browser, and is sent once', async () => {
    const first = await fetch(`${house.endpoint}/docs/errors`)
    const policy = first.headers.get('content-security-policy') ?? ''
    assert.match(policy, /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-/)
    assert.equal(first.headers.get('x-content-type-options'), 'nosniff')
    const etag = first.headers.get('etag') ?? ''
    const again = await fetch(`${house.endpoint}/docs/errors`, { headers: { 'if-none-match': etag } })
    assert.deepEqual([again.status, await again.text()], [304, ''])
    // A length here would be that of the page.
    assert.deepEqual([again.headers.get('content-length'), again.headers.get('content-type')], [null, null])
    assert.deepEqual([again.headers.get('etag'), again.headers.get('content-security-policy')], [etag, policy])
    const head = await fetch(`${house.endpoint}/docs/errors`, { method: 'HEAD' })
    assert.deepEqual([head.status, await head.text()], [200, ''])
    assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(await first.text())))
    const short = await fetch(`${house.endpoint}/docs`, { redirect: 'manual' })
    assert.deepEqual([short.status, short.headers.get('location')], [308, '/docs/'])
  })

  it('is found whatever query follows its path', async () => {
    const statuses: (number | undefined)[] = []
    for (const target of ['/docs?x', '/docs/?x', '/docs/errors?x=/docs', '/console?x'])
      statuses.push((await fetch(house.endpoint + target, { redirect: 'manual' })).status)
    assert.deepEqual(statuses, [308, 200, 200, 200])
  })

  it('serves nothing that is not on its list, whatever the path', async () => {
    const targets = [
      '/docs/nothing',
      '/docs/errors.md',
      '/docs/../package.json',
      '/docs/../package',
      '/docs/%2e%2e/package.json',
      '/docs/..%2fSECURITY',
      '/docs//etc/passwd',
      '/docs/./errors',
      '/docs/__proto__',
      '/docs/errors%00',
      `/docs/${'a'.repeat(8000)}`,
    ]
    for (const target of targets) {
      using connection = await Connection.open(house.endpoint)
      assert.equal((await connection.send(get(target)))?.status, 404, target)
    }
    const written = await fetch(`${house.endpoint}/docs/errors`, { method: 'POST' })
    assert.equal(((await written.json()) as { Code: string }).Code, 'InvalidAction.NotFound')
  })
})

describe('Recommend', () => {
  async function recommended(host: string): Promise<string> {
    using connection = await Connection.open(house.endpoint)
    const answer = await connection.send(`GET /?Action=Nothing HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    return JSON.parse(answer?.body ?? '').Recommend
  }

  it('is the address of the heading that explains the error, on the server that was asked', async () => {
    const { body } = await house.call('DescribeKey', { KeyId: 'none' })
    const recommend = String(body['Recommend'])
    assert.equal(recommend, `${house.endpoint}/docs/errors#forbiddenkeynotfound`)
    const response = await fetch(recommend)
    assert.ok(idsOf(await response.text()).has(new URL(recommend).hash.slice(1)))
  })

  it('has a heading for every error', async () => {
    const ids = idsOf(await page('/docs/errors'))
    const anchors = Object.keys(catalogue).map((entry) => entry.toLowerCase().replace(/[.{}]/g, ''))
    assert.deepEqual(
      anchors.filter((anchor) => !ids.has(anchor)),
      [],
    )
  })

  it('leads from each operation of dedicated instances to what to use instead', async () => {
    const text = await page('/docs/dedicated-instances')
    for (const [name, heading] of INSTANCE_OPERATIONS) {
      const { status, body } = await house.call(name)
      assert.deepEqual([status, body['Code']], [404, 'InvalidAction.NotFound'], name)
      const recommend = String(body['Recommend'])
      assert.equal(recommend, `${house.endpoint}/docs/${heading}`)
      const [, below = ''] = text.split(` id="${new URL(recommend).hash.slice(1)}"`)
      assert.ok(below.split('<h2', 1)[0]?.includes(`<code>${name}</code>`), name)
    }
    const { body } = await house.call('NoSuchOperation')
    assert.equal(body['Recommend'], `${house.endpoint}/docs/errors#invalidactionnotfound`)
  })

  it('names the host as the client did, where that is a host, and else the address', async () => {
    for (const host of ['kms.cn-hangzhou.example.com', 'strongroom:7700', '[::1]:7700', '192.0.2.7'])
      assert.equal(await recommended(host), `http://${host}/docs/errors#missingaccesskeyid`)
    for (const host of ['', 'a b', 'host/path', 'user@host', 'host:port', '"><script>', 'host:1:2', 'a'.repeat(300)])
      assert.equal(await recommended(host), `${house.endpoint}/docs/errors#missingaccesskeyid`, host)
  })

  it('names the address to a client whose request is no HTTP', async () => {
    using connection = await Connection.open(house.endpoint)
    const answer = await connection.send('no HTTP at all\r\n\r\n')
    const { Recommend } = JSON.parse(answer?.body ?? '')
    assert.equal(Recommend, `${house.endpoint}/docs/errors#parserequestparameterexception`)
  })
})
