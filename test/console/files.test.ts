// The built application, as the server serves it.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { Files } from '../../src/console/files.ts'
import { removeFolder, temporaryFolder } from '../acceptance/program.ts'

describe('the files of the console', () => {
  const builds = temporaryFolder()
  after(() => removeFolder(builds))
  let made = 0
  const randomBytes = (length: number) => Buffer.alloc(length, ++made)

  it('are those of the build that `current` names, read once', () => {
    mkdirSync(join(builds, 'abc', 'assets'), { recursive: true })
    writeFileSync(join(builds, 'abc', 'index.html'), '<meta name="csp-nonce" content="__CSP_NONCE__"><p>app</p>')
    writeFileSync(join(builds, 'abc', 'assets', 'main-1.js'), 'run()')
    writeFileSync(join(builds, 'abc', 'assets', 'secret.txt'), 'no type')
    writeFileSync(join(builds, 'current'), 'abc\n')
    const files = new Files(builds)
    const first = files.at('/console/keys/1/details', randomBytes)
    const [, nonce = ''] = /content="([^"]+)"/.exec(String(first.body)) ?? []
    assert.ok(nonce.length >= 22)
    assert.ok(String(first.headers['content-security-policy']).includes(`'nonce-${nonce}'`))
    assert.notEqual(String(files.at('/console', randomBytes).body), first.body)
    const script = files.at('/console/assets/main-1.js', randomBytes)
    assert.deepEqual([script.status, String(script.body)], [200, 'run()'])
    assert.deepEqual(
      [script.headers['content-type'], script.headers['cache-control']],
      ['text/javascript;charset=utf-8', 'public, max-age=31536000, immutable'],
    )
    for (const path of [
      '/console/assets/other.js',
      '/console/assets/secret.txt',
      '/console/index.html',
      '/console/assets/../index.html',
    ])
      assert.equal(files.at(path, randomBytes).status, 404, path)
  })

  it('are none where nothing was built, and the page says how to build', () => {
    for (const files of [new Files(null), new Files(join(builds, 'nowhere'))]) {
      const { status, body } = files.at('/console', randomBytes)
      assert.deepEqual([status, /npm run console/.test(String(body))], [200, true])
    }
  })
})
