// The npm package as its users get it: packed, installed by plain npm on this machine's own Node, and used.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pack } from '../../scripts/package.mjs'
import { removeFolder, runProgram, startProgram, temporaryFolder } from '../acceptance/program.ts'

type Client = new (
  config: object,
) => { request(action: string, parameters: object, options: object): Promise<Record<string, string>> }

const { version } = createRequire(import.meta.url)('../../package.json')
const PopCore = createRequire(import.meta.url)('@alicloud/pop-core') as Client

describe('strongroom-VERSION.tgz', () => {
  const folder = temporaryFolder()
  const inFolder = (name: string) => {
    mkdirSync(join(folder, name), { recursive: true })
    return join(folder, name)
  }
  let tarball = ''
  before(() => {
    tarball = pack(inFolder('once'))
  })
  after(() => removeFolder(folder))

  const npm = (cwd: string, ...args: string[]) => {
    const began = Date.now()
    const { status, stderr } = spawnSync('npm', [...args, '--no-audit', '--no-fund'], { cwd, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    return Date.now() - began
  }

  /** The README's tour on the installed program. */
  const tour = async (program: string, began: number) => {
    assert.deepEqual(await runProgram(['--version'], {}, program), {
      code: 0,
      out: `strongroom ${version}\n`,
      err: '',
    })
    const server = await startProgram({ command: [program, 'serve'] })
    try {
      const env = { STRONGROOM_ENDPOINT: server.endpoint }
      const line = async (...args: string[]) => {
        const { code, out, err } = await runProgram([...args, '--data', server.data], env, program)
        assert.equal(code, 0, err)
        return out.trim()
      }
      const key = await line('kms', 'CreateKey', '--print', 'KeyMetadata.KeyId')
      const blob = await line(
        'kms',
        'Encrypt',
        '--KeyId',
        key,
        '--Plaintext',
        'four apples',
        '--print',
        'CiphertextBlob',
      )
      console.log(`first Encrypt after ${((Date.now() - began) / 1000).toFixed(1)} s, from an empty folder on`)
      assert.equal(await line('kms', 'Decrypt', '--CiphertextBlob', blob, '--print', 'Plaintext'), 'four apples')
      const { accessKeyId, accessKeySecret } = server.credentials
      const client = new PopCore({ accessKeyId, accessKeySecret, endpoint: server.endpoint, apiVersion: '2016-01-20' })
      const post = { method: 'POST' }
      const { CiphertextBlob } = await client.request('Encrypt', { KeyId: key, Plaintext: 'by the SDK' }, post)
      assert.equal((await client.request('Decrypt', { CiphertextBlob }, post))['Plaintext'], 'by the SDK')
      for (const [path, title] of Object.entries({ '/console': /<script type="module"/, '/docs/': /<h1/ })) {
        const answer = await fetch(server.endpoint + path)
        assert.equal(answer.status, 200)
        assert.match(await answer.text(), title)
      }
      assert.equal(await server.stop('SIGTERM'), 0, server.log())
    } finally {
      await server.stop('SIGKILL')
      removeFolder(server.data)
    }
  }

  it('is the same, byte for byte, when it is made again', () => {
    assert.ok(readFileSync(pack(inFolder('again'))).equals(readFileSync(tarball)))
  })

  it('runs after `npm install` in an empty folder, and has no package in its tree that the lock does not pin', async () => {
    const [project, began] = [inFolder('project'), Date.now()]
    console.log(`npm install: ${(npm(project, 'install', tarball) / 1000).toFixed(1)} s`)
    await tour(join(project, 'node_modules/.bin/strongroom'), began)
    const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8'))
    const pinned = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'))
    for (const [path, { version: installed, inBundle }] of Object.entries<{ version: string; inBundle?: boolean }>(
      lock.packages,
    )) {
      if (path === '' || path === 'node_modules/strongroom') continue
      const locked = pinned.packages[path.replace('node_modules/strongroom/', '')]
      assert.equal(installed, locked?.version, path)
      assert.equal(inBundle === true, locked.optional !== true, path)
    }
  })

  it('gives tests a server, on the Node of this machine', () => {
    const project = inFolder('project')
    writeFileSync(
      join(project, 'try.mjs'),
      `import { startStrongroom } from 'strongroom/testing'
const server = await startStrongroom()
console.log((await fetch(server.endpoint + '/healthz')).status, process.version)
await server.stop()`,
    )
    // As a shell finds it, not as npm's scripts do.
    assert.match(execFileSync('node', ['try.mjs'], { cwd: project, encoding: 'utf8' }), /^200 v/)
  })

  it('runs after `npm install -g`, and without scripts', async () => {
    const [prefix, began] = [inFolder('global'), Date.now()]
    npm(folder, 'install', '-g', '--prefix', prefix, '--ignore-scripts', tarball)
    assert.ok(existsSync(join(prefix, 'bin/strongroom')))
    await tour(join(prefix, 'bin/strongroom'), began)
  })
})
