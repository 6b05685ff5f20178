// The supply chain: what an installation fetches and runs is what package-lock.json pins.
import './owned.ts'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

interface Locked {
  readonly version: string
  readonly integrity?: string
  readonly resolved?: string
  readonly hasInstallScript?: boolean
  readonly dev?: boolean
  readonly optional?: boolean
  readonly os?: string
  readonly cpu?: string
}

const read = (name: string) => JSON.parse(readFileSync(fileURLToPath(new URL(`../${name}`, import.meta.url)), 'utf8'))
const { packages } = read('package-lock.json') as { packages: Record<string, Locked> }
const locked = Object.entries(packages).filter(([path]) => path !== '')

describe('package-lock.json', () => {
  it('pins every package by its hash, and no registry', () => {
    assert.ok(locked.length > 100)
    assert.deepEqual(
      locked.filter(([, { integrity, resolved }]) => !integrity?.startsWith('sha512-') || resolved !== undefined),
      [],
    )
  })

  it('pins the runtime of each platform, so that no script fetches it', () => {
    const platforms = ['darwin arm64', 'darwin x64', 'linux arm64', 'linux x64']
    const runtimes = locked.filter(([path]) => /^node_modules\/node-(bin-)?(darwin|linux)-/.test(path))
    assert.deepEqual(runtimes.map(([, { os, cpu }]) => `${os} ${cpu}`).toSorted(), platforms)
    assert.equal(new Set(runtimes.map(([, { version }]) => version)).size, 1)
    assert.ok(runtimes.every(([, { optional }]) => optional))
    assert.equal(packages['node_modules/node'], undefined)
  })

  it('has one package in production whose script is run: the add-on that is compiled on the spot', () => {
    const scripts = locked.filter(([, { hasInstallScript, dev }]) => hasInstallScript && !dev)
    assert.deepEqual(
      scripts.map(([path]) => path),
      ['node_modules/pkcs11js'],
    )
  })

  it('is of the version that package.json names', () => {
    assert.equal(packages['']?.version, read('package.json').version)
  })
})

describe('npm start', () => {
  it('builds the console again that its own installation removed', () => {
    const root = mkdtempSync(join(tmpdir(), 'strongroom-test-'))
    const write = (path: string, text: string, mode = 0o644) => {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text, { mode })
    }
    for (const path of ['scripts', 'package-lock.json', 'src/console/browser'])
      cpSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), join(root, path), { recursive: true })
    write('bin/strongroom', '#!/bin/sh\necho serves\n', 0o755)
    // Stands for npm and what it installs: like the real one, `ci` removes all that was there before.
    const installed = [
      `mkdir -p node_modules/.bin node_modules/pkcs11js/build/Release node_modules/vite/bin`,
      `ln -sf '${process.execPath}' node_modules/.bin/node`,
      `touch node_modules/pkcs11js/build/Release/pkcs11.node`,
      `case "$*" in *--include=dev*) cp vite.js node_modules/vite/bin ;; esac`,
    ]
    write(
      'programs/npm',
      ['#!/bin/sh', 'echo "$1 $2" "$3" >> npm.log', '[ "$1" != ci ] || rm -rf node_modules', ...installed, ''].join(
        '\n',
      ),
      0o755,
    )
    write(
      'vite.js',
      `const { mkdirSync, writeFileSync } = require('node:fs')
const out = process.argv.at(-1)
mkdirSync(out, { recursive: true })
writeFileSync(out + '/index.html', 'built')
`,
    )
    const start = () => {
      const PATH = `${join(root, 'programs')}${delimiter}${process.env['PATH']}`
      const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/run.mjs', 'start'], {
        cwd: root,
        env: { ...process.env, PATH },
        encoding: 'utf8',
      })
      assert.deepEqual([status, stdout], [0, 'serves\n'], stderr)
      return stderr
    }
    const calls = () => readFileSync(join(root, 'npm.log'), 'utf8').trim().split('\n')
    assert.match(start(), /the console is built/)
    assert.deepEqual(calls(), ['ci --include=dev --ignore-scripts'])
    assert.doesNotMatch(start(), /built/)
    // Another lock, such as after an update, whose console is built as it was: the installation without development packages removes it.
    const cache = join(root, 'node_modules/.cache/console')
    writeFileSync(join(root, 'node_modules/.strongroom-lock'), 'of another lock')
    assert.match(start(), /the console is built/)
    assert.deepEqual(calls().slice(1), ['ci --omit=dev --ignore-scripts', 'install --no-save --include=dev'])
    const current = readFileSync(join(cache, 'current'), 'utf8')
    assert.ok(existsSync(join(cache, current, 'index.html')))
  })
})
