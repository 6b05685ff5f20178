// The built application, as the server serves it.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { withoutClasses } from '../../src/console/browser/component-styles.ts'
import { Files } from '../../src/console/files.ts'
import type { HttpRequest } from '../../src/gateway/request.ts'
import { removeFolder, temporaryFolder } from '../acceptance/program.ts'
import { openTestHouse } from '../house.ts'

const REQUEST: HttpRequest = {
  method: 'GET',
  target: '/',
  headers: {},
  rawHeaders: [],
  body: new Uint8Array(0),
  sourceAddress: '127.0.0.1',
  secure: false,
  regions: ['cn-hangzhou'],
  endpoint: 'http://127.0.0.1',
  isAbandoned: () => false,
}

describe('the files of the console', () => {
  const builds = temporaryFolder()
  after(() => removeFolder(builds))
  let made = 0
  const randomBytes = (length: number) => Buffer.alloc(length, ++made)
  let now = 0
  const runtime = { randomBytes, monotonic: () => now }
  const get = (files: Files, target: string, headers: Readonly<Record<string, string>> = {}) =>
    files.answer({ ...REQUEST, target, headers }, runtime)

  it('are those of the build that `current` names, and are read once, at the first request', async () => {
    mkdirSync(join(builds, 'abc', 'assets'), { recursive: true })
    writeFileSync(join(builds, 'abc', 'index.html'), '<meta name="csp-nonce" content="__CSP_NONCE__"><p>app</p>')
    writeFileSync(join(builds, 'abc', 'assets', 'main-1.js'), 'run()')
    writeFileSync(join(builds, 'abc', 'assets', 'secret.txt'), 'no type')
    const files = new Files(builds)
    writeFileSync(join(builds, 'current'), 'abc\n')
    const first = await get(files, '/console/keys/1/details')
    const [, nonce = ''] = /content="([^"]+)"/.exec(String(first.body)) ?? []
    assert.ok(nonce.length >= 22)
    assert.ok(String(first.headers['content-security-policy']).includes(`'nonce-${nonce}'`))
    assert.notEqual(String((await get(files, '/console')).body), first.body)
    writeFileSync(join(builds, 'abc', 'assets', 'late.js'), 'came()')
    const script = await get(files, '/console/assets/main-1.js')
    assert.deepEqual([script.status, String(script.body)], [200, 'run()'])
    assert.deepEqual(
      [script.headers['content-type'], script.headers['cache-control']],
      ['text/javascript;charset=utf-8', 'public, max-age=31536000, immutable'],
    )
    for (const path of [
      '/console/assets/other.js',
      '/console/assets/late.js',
      '/console/assets/secret.txt',
      '/console/index.html',
      '/console/assets/../index.html',
    ])
      assert.equal((await get(files, path)).status, 404, path)
  })

  it('go out as the build compressed them, where the client takes that, each form under its own tag', async () => {
    const assets = join(builds, 'abc', 'assets')
    const forms = { '': 'plain', '.br': 'brotli', '.gz': 'gzip' }
    for (const [ending, text] of Object.entries(forms)) writeFileSync(join(assets, `forms.js${ending}`), text)
    const files = new Files(builds)
    const path = '/console/assets/forms.js'
    for (const [accepted, body, coding] of [
      ['gzip, deflate, br, zstd', 'brotli', 'br'],
      ['gzip;q=1.0, br;q=0.1', 'brotli', 'br'],
      ['BR;q=0, GZIP', 'gzip', 'gzip'],
      ['br; q=0.000, x-gzip', 'gzip', 'gzip'],
      ['*', 'brotli', 'br'],
      ['*, br;q=0', 'gzip', 'gzip'],
      ['*;q=0', 'plain', undefined],
      ['identity', 'plain', undefined],
      ['brotli, gzipped', 'plain', undefined],
      ['', 'plain', undefined],
    ] as const) {
      const given = { 'accept-encoding': accepted }
      const answer = await get(files, path, given)
      assert.deepEqual([String(answer.body), answer.headers['content-encoding']], [body, coding], accepted)
      assert.equal(answer.headers['vary'], 'accept-encoding')
      const etag = String(answer.headers['etag'])
      assert.equal((await get(files, path, { ...given, 'if-none-match': etag })).status, 304)
      assert.equal((await get(files, path, { ...given, 'if-none-match': `"other", W/${etag}` })).status, 304)
      assert.equal((await get(files, path, { ...given, 'if-none-match': '"other"' })).status, 200)
    }
    const tags = ['br', 'gzip', ''].map(
      async (one) => (await get(files, path, { 'accept-encoding': one })).headers['etag'],
    )
    assert.equal(new Set(await Promise.all(tags)).size, 3)
    // A file that the build did not compress goes out as it is; the compressed forms have no address of their own.
    const uncoded = await get(files, '/console/assets/main-1.js', { 'accept-encoding': 'br' })
    assert.equal(String(uncoded.body), 'run()')
    assert.equal((await get(files, `${path}.br`)).status, 404)
  })

  it('are missing without a build, and the page says how to build', async () => {
    const removed = temporaryFolder()
    writeFileSync(join(removed, 'current'), 'gone\n')
    for (const files of [new Files(null), new Files(join(builds, 'nowhere')), new Files(removed)]) {
      const { status, body } = await get(files, '/console')
      assert.deepEqual([status, /npm run console/.test(String(body))], [200, true])
    }
    removeFolder(removed)
  })

  it('are an error where they can not be read, and are read again a second after the failure', async () => {
    const broken = temporaryFolder()
    writeFileSync(join(broken, 'index.html'), '<p>app</p>')
    await using house = await openTestHouse(null)
    const files = new Files(broken)
    house.open.console.answer = (request) => files.answer(request, runtime)
    const served = async () => {
      const { status } = await fetch(`${house.endpoint}/console`, { signal: AbortSignal.timeout(30_000) })
      return status
    }
    assert.equal(await served(), 500)
    assert.match(house.failures.splice(0).join('\n'), /^the console can't answer: Error: ENOENT\b.*assets'$/)
    now += 999
    mkdirSync(join(broken, 'assets'))
    await assert.rejects(get(files, '/console'), { code: 'ENOENT' })
    now += 1
    assert.equal(await served(), 200)
    removeFolder(broken)
  })

  it('are read once for requests that come at once', async () => {
    const broken = temporaryFolder()
    writeFileSync(join(broken, 'index.html'), '<p>app</p>')
    const files = new Files(broken)
    const [first, second] = await Promise.all([1, 2].map(() => get(files, '/console').catch((error: Error) => error)))
    assert.ok(first instanceof Error)
    assert.equal(first, second)
    removeFolder(broken)
  })

  it('have the styles of the components that the application uses', () => {
    const css = [
      '.ant-btn:not(.ant-tour-btn),.ant-tour .ant-btn{color:red;}',
      '.ant-tree-select{top:0;}',
      '.ant-tree{left:0;}',
      '.css-var-_R_0_.ant-btn{--ant-button-width:1px;}',
      '@media (min-width: 1px){.ant-tour{top:0;}.ant-btn:is(.ant-tour,a){top:0;}}',
      '@media (min-width: 2px){.ant-tour{top:0;}}',
      '@keyframes turn{from{top:0;}to{top:1px;}}',
    ].join('')
    assert.equal(
      withoutClasses(css, ['tour', 'tree'], ['btn', 'tree-select']),
      [
        '.ant-btn:not(.ant-tour-btn){color:red;}',
        '.ant-tree-select{top:0;}',
        '@media (min-width: 1px){.ant-btn:is(.ant-tour,a){top:0;}}',
        '@keyframes turn{from{top:0;}to{top:1px;}}',
      ].join(''),
    )
  })
})
