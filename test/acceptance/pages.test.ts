// The commands of the pages, run as they are written. What a reader has to fill in, such as an account's digits, is filled in here.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { deliveredEvents } from '../actiontrail/trails.ts'
import { makeToken } from '../keystore/pkcs11/tokens.ts'
import { startPostgresql } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'
import { type Program, removeFolder, startProgram, temporaryFolder } from './program.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DAY_MS = 86_400_000

/** Pages whose commands other tests run, for what they need. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'docs/clients.md': 'test/clients/documented.ts',
  'docs/conformance.md': 'test/conformance/conformance.test.ts',
  'docs/development.md': 'test/acceptance/development.test.ts',
  'docs/hsm.md': 'test/acceptance/hsm-start.test.ts',
  'docs/track-record.md': 'test/histories/histories.ts',
}

function blocks(page: string, language: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8')
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(([, code]) => code ?? '')
}

/** A server, and a folder like a checkout in which commands find it. */
class Checkout implements AsyncDisposable {
  readonly folder: string
  readonly program: Program

  private constructor(folder: string, program: Program) {
    this.folder = folder
    this.program = program
  }

  static async open(): Promise<Checkout> {
    const folder = temporaryFolder()
    for (const name of ['bin', 'src', 'test', 'node_modules', 'package.json'])
      symlinkSync(join(ROOT, name), join(folder, name))
    return new Checkout(folder, await startProgram({ data: join(folder, 'data') }))
  }

  /** Runs commands as one script, which must succeed; returns what they print. */
  run(script: string, env: Readonly<Record<string, string>> = {}): string {
    const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: this.folder,
      env: { ...process.env, STRONGROOM_ENDPOINT: this.program.endpoint, ...env },
      encoding: 'utf8',
    })
    assert.equal(status, 0, `${script}\n${stdout}\n${stderr}`)
    return stdout
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.stop()
    removeFolder(this.folder)
  }
}

const lines = (code: string) => code.split('\n').filter((line) => line !== '')
const day = (offset: number) => new Date(Date.now() + offset * DAY_MS).toISOString().slice(0, 10)

describe('the commands of the pages', () => {
  it('are all run', () => {
    const here = [
      'README.md',
      'docs/access.md',
      'docs/audit.md',
      'docs/backup.md',
      'docs/command-line.md',
      'docs/files.md',
      'docs/kubernetes.md',
      'docs/pods.md',
      'docs/products.md',
      'docs/root-key.md',
      'docs/running.md',
      'docs/secrets.md',
      'docs/simulation.md',
      'docs/trails.md',
    ]
    const pages = globSync(['*.md', 'docs/*.md'], { cwd: ROOT }).filter((page) => blocks(page, 'sh').length > 0)
    assert.deepEqual(pages.toSorted(), [...here, ...Object.keys(ELSEWHERE)].toSorted())
    for (const [page, test] of Object.entries(ELSEWHERE))
      assert.ok(readFileSync(join(ROOT, test), 'utf8').includes(page.replace(/^docs\//, '')), `${test} runs ${page}`)
  })

  it('README.md: the tour', async () => {
    await using checkout = await Checkout.open()
    const [, ...tour] = blocks('README.md', 'sh')
    assert.ok(checkout.run(tour.join('\n')).includes('four apples\n'))
    const [snippet = ''] = blocks('README.md', 'js')
    writeFileSync(
      join(checkout.folder, 'snippet.cjs'),
      snippet.replace('http://127.0.0.1:7700', checkout.program.endpoint),
    )
    assert.match(checkout.run(`${process.execPath} snippet.cjs`), /CiphertextBlob/)
  })

  it('docs/simulation.md: the run of a seed', () => {
    const command = blocks('docs/simulation.md', 'sh')
      .flatMap(lines)
      .find((line) => /4711 +#/.test(line))
    const { status, stdout, stderr } = spawnSync('bash', ['-c', command ?? 'false'], { cwd: ROOT, encoding: 'utf8' })
    assert.equal(status, 0, `${stdout}\n${stderr}`)
    assert.match(stdout, /the first seed is 4711/)
  })

  it('docs/access.md', async () => {
    await using checkout = await Checkout.open()
    const out = checkout.run(blocks('docs/access.md', 'sh').join('\n'))
    assert.match(out, /"SecurityToken"/)
    assert.match(out, /"decision": "Allow"/)
  })

  it('docs/backup.md: a running server is backed up, its backup restored, and its database moved', async () => {
    await using checkout = await Checkout.open()
    await using postgresql = await startPostgresql()
    const [key = '', write = '', verify = '', restore = '', passphrase = '', hsm = '', migrate = ''] = blocks(
      'docs/backup.md',
      'sh',
    )
    await checkout.program.call('CreateKey')
    const out = checkout.run([key, write, verify, restore].join('\n'))
    assert.match(out, /^intact: the whole backup can be decrypted/m)
    assert.match(out, /^verified with the root key: /m)
    using token = makeToken('SoftHSM2')
    const { module, label, pinFile, env } = token
    const settings = { 'hsm-module': module, 'hsm-token': label, 'hsm-pin-file': pinFile }
    writeFileSync(join(checkout.folder, 'hsm.json'), JSON.stringify(settings))
    writeFileSync(join(checkout.folder, 'passphrase'), 'five random words as a passphrase\n', { mode: 0o600 })
    const backup = ['rm strongroom.age', ...lines(write).slice(0, 2)].join('\n')
    const change = 'bin/strongroom root-key change-provider --to'
    const toPassphrase = `${change} passphrase --new-passphrase-file passphrase`
    assert.match(checkout.run([toPassphrase, backup, passphrase].join('\n')), /you need the passphrase of that time$/m)
    const toHsm = `${change} hsm --passphrase-file passphrase --config hsm.json`
    assert.match(checkout.run([toHsm, backup, hsm].join('\n'), env), /0 missing on a token/)
    checkout.run(`${change} file --config hsm.json`, env)
    await checkout.program.stop()
    const database = postgresql.database()
    assert.match(checkout.run(migrate.replace(/postgresql:\S+/, database)), /^start servers with --database/m)
    assert.match(checkout.run(`bin/strongroom audit verify --database ${database}`), /^intact: /m)
  })

  it('docs/command-line.md: answers are shown, all pages read, a state waited for', async () => {
    await using checkout = await Checkout.open()
    const out = checkout.run(blocks('docs/command-line.md', 'sh').join('\n'))
    assert.match(out, /^KeyMetadata\.Description +orders$/m)
    assert.match(out, /^ {2}Description: orders$/m)
  })

  it('docs/products.md: the owner of a CMK sees what a product does with it, and can end it', async () => {
    await using checkout = await Checkout.open()
    const out = checkout.run(blocks('docs/products.md', 'sh').join('\n'))
    assert.match(out, /the disk stays closed/)
    const { call } = checkout.program
    const { Events } = (await call('LookupEvents', { Version: '2020-07-06', MaxResults: '50' })).body
    const steps = (Events as Record<string, unknown>[])
      .filter(({ userIdentity }) => (userIdentity as Record<string, unknown>)['invokedBy'] === 'ecs.aliyuncs.com')
      .map(({ eventName, errorCode, userIdentity }) => [
        eventName,
        (userIdentity as Record<string, unknown>)['userName'],
        errorCode ?? 'OK',
      ])
    const [own, role] = ['ecs.aliyuncs.com', 'AliyunECSDiskEncryptDefaultRole:disk-1']
    assert.deepEqual(steps.toReversed(), [
      ['AssumeRole', own, 'OK'],
      ['TagResource', role, 'OK'],
      ['GenerateDataKey', role, 'OK'],
      ['Decrypt', role, 'Rejected.Disabled'],
      ['GenerateDataKey', own, 'OK'],
    ])
  })

  it('docs/kubernetes.md', async () => {
    await using checkout = await Checkout.open()
    assert.match(checkout.run(blocks('docs/kubernetes.md', 'sh').join('\n')), /"AccessKeySecret"/)
  })

  it('docs/files.md: and with the real age, where it is', async () => {
    await using checkout = await Checkout.open()
    checkout.run(blocks('docs/files.md', 'sh').join('\n'))
    assert.equal(readFileSync(join(checkout.folder, 'report'), 'utf8'), 'four apples\n')
    if (spawnSync('age', ['--version']).status !== 0) return
    const [shown = ''] = blocks('docs/files.md', 'console')
    const commands = lines(shown).flatMap((line) => (line.startsWith('$ ') ? [line.slice(2)] : []))
    const { accessKeyId, accessKeySecret } = checkout.program.credentials
    const out = checkout.run(['export PATH="$PWD/bin:$PATH"', 'rm report.age', ...commands].join('\n'), {
      ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
    })
    assert.equal(out, 'four apples\n')
  })

  it('docs/pods.md', async () => {
    await using checkout = await Checkout.open()
    const out = checkout.run(blocks('docs/pods.md', 'sh').join('\n'))
    assert.match(out, /oidc-provider\/cluster-1"/)
  })

  it('docs/audit.md', async () => {
    await using checkout = await Checkout.open()
    const script = blocks('docs/audit.md', 'sh')
      .join('\n')
      .replaceAll('2026-11-01', day(-26))
      .replaceAll('2026-11-24', day(-1))
      .replaceAll('2026-11-25', day(0))
      .replaceAll('2026-11-30', day(0))
    const out = checkout.run(`KEY=$(bin/strongroom kms CreateKey --print KeyMetadata.KeyId)\n${script}`)
    assert.match(out, /CreateKey/)
  })

  it('docs/secrets.md', async () => {
    await using checkout = await Checkout.open()
    checkout.run(blocks('docs/secrets.md', 'sh').join('\n'))
    assert.equal(readFileSync(join(checkout.folder, 'candidate'), 'utf8').length, 32)
    const { body } = await checkout.program.call('GetSecretValue', { SecretName: 'shop/db' })
    assert.equal(body.SecretData, readFileSync(join(checkout.folder, 'password'), 'utf8'))
  })

  it('docs/trails.md: makes a trail that delivers', async () => {
    await using checkout = await Checkout.open()
    checkout.run(blocks('docs/trails.md', 'sh').join('\n'))
    const { call, credentials } = checkout.program
    assert.equal((await call('StopLogging', { Version: '2020-07-06', Name: 'audit-trail' })).status, 200)
    const bucket = join(checkout.folder, 'data/trails', credentials.accountId, 'audit')
    await until(() => deliveredEvents(bucket).length > 1)
    assert.deepEqual(
      deliveredEvents(bucket).map(({ eventName }) => eventName),
      ['StartLogging', 'GetTrailStatus'],
    )
  })

  it('docs/running.md: several addresses, AccessKeys', async () => {
    const [serve = '', accessKeys = ''] = blocks('docs/running.md', 'sh')
    const flags = serve
      .trim()
      .replace(/^bin\/strongroom serve /, '')
      .replaceAll(/:\d+/g, ':0')
      .split(' ')
    await using checkout = await Checkout.open()
    const several = await startProgram({ flags })
    try {
      assert.deepEqual(Object.keys(several.endpoints ?? {}), ['cn-hangzhou', 'cn-beijing'])
    } finally {
      await several.stop()
      removeFolder(several.data)
    }
    let made = ''
    for (const line of lines(accessKeys)) {
      const command = line.replace('1234567890123456', checkout.program.credentials.accountId).replace('LTAI…', made)
      const out = checkout.run(command)
      if (command.includes(' create ')) made = /LTAI\w+/.exec(out)?.[0] ?? ''
    }
    assert.notEqual(made, '')
  })

  it('docs/root-key.md: but for the HSM, and what asks on a terminal', async () => {
    await using checkout = await Checkout.open()
    const { folder } = checkout
    writeFileSync(join(folder, 'passphrase'), 'five random words as a passphrase\n', { mode: 0o600 })
    const [changes = '', rotate = ''] = blocks('docs/root-key.md', 'sh')
    const [asks = '', passphrase = '', file = '', anotherFile = '', hsm = ''] = lines(changes)
    assert.match(asks, /--to passphrase +#/)
    assert.match(hsm, /--to hsm/)
    const withPassphrase = { STRONGROOM_PASSPHRASE_FILE: join(folder, 'passphrase') }
    checkout.run(passphrase.replace('/run/secrets/p', join(folder, 'passphrase')))
    checkout.run(file, withPassphrase)
    checkout.run(anotherFile.replace('/mnt/token/root-key', join(folder, 'another-root-key')))
    checkout.run(rotate, { STRONGROOM_ROOT_KEY_FILE: join(folder, 'another-root-key') })
  })
})
