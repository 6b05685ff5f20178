// age's plugin, with the real age where it is installed, and as its protocol has it.
import '../owned.ts'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { encodeStanza, type Stanza, StanzaLines } from '../../src/cryptography/age-header.ts'
import { encodeBech32 } from '../../src/cryptography/bech32.ts'
import { decodeIdentity, decodeRecipient, encodeIdentity, encodeRecipient } from '../../src/files/address.ts'
import { randomBytes } from '../../src/runtime/random.ts'
import { runHere } from '../acceptance/line.ts'
import { BIN } from '../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { Commands, pathOfPlugin, runAge } from './commands.ts'

let commands: Commands
let house: TestHouse
let env: Readonly<Record<string, string>>
let KeyId = ''
const file = (name: string) => commands.file(name)
const printed = (...words: string[]) => commands.printed(...words)
/** Runs the real age. */
const age = (...args: string[]) => runAge('age', args, { ...env, PATH: pathOfPlugin() })
const lacks =
  spawnSync('age', ['--version']).status === 0 ? false : 'not run: no age here (Debian: apt-get install age)'

before(async () => {
  commands = await Commands.open('alias/plugin')
  ;({ house, env, keyId: KeyId } = commands)
})
after(() => commands[Symbol.asyncDispose]())

async function mustAge(...args: string[]): Promise<void> {
  const { code, err } = await age(...args)
  assert.equal(code, 0, err)
}

describe('stock age', { skip: lacks }, () => {
  it('and strongroom read what the other writes, in armor too, with a context', async () => {
    const content = randomBytes(200_000)
    writeFileSync(file('report'), content)
    const where = ['--key', 'alias/plugin', '--context', 'project=apollo']
    const recipient = await printed('age', 'recipient', ...where)
    writeFileSync(file('identity'), `# of this test\n${await printed('age', 'identity')}\n`)
    await mustAge('-r', recipient, '-o', file('by-age.age'), file('report'))
    await printed('decrypt', file('by-age.age'), '--context', 'project=apollo')
    assert.deepEqual(readFileSync(file('by-age')), content)
    await mustAge('-a', '-r', recipient, '-o', file('armor.age'), file('report'))
    await printed('decrypt', file('armor.age'))
    assert.deepEqual(readFileSync(file('armor')), content)
    // A context that is longer than most, as its stanza has a line of its length.
    const long = ['--context', `long=${'x'.repeat(8000)}`]
    for (const [i, more] of [[], ['--armor'], long].entries()) {
      await printed('encrypt', file('report'), '--key', KeyId, '--force', ...more)
      await mustAge('-d', '-i', file('identity'), '-o', file(`opened-${i}`), file('report.age'))
      assert.deepEqual(readFileSync(file(`opened-${i}`)), content)
    }
    await mustAge('-d', '-j', 'strongroom', '-o', file('opened-by-name'), file('report.age'))
    assert.deepEqual(readFileSync(file('opened-by-name')), content)
    // To an identity, and beside a recipient of its own.
    writeFileSync(file('sealing'), `${await printed('age', 'identity', ...where)}\n`)
    const own = spawnSync('age-keygen', ['-o', file('own')], { encoding: 'utf8' })
      .stderr.replace(/.*: /, '')
      .trim()
    await mustAge('-e', '-i', file('sealing'), '-r', own, '-o', file('both.age'), file('report'))
    await printed('decrypt', file('both.age'))
    assert.deepEqual(readFileSync(file('both')), content)
    await mustAge('-d', '-i', file('own'), '-o', file('both-own'), file('both.age'))
    // What the service does not know is left to the other identities.
    const other = await openTestHouse(null)
    other.now = Date.now()
    await other.open.accounts.provide(house.credentials, 'root', other.now)
    try {
      writeFileSync(file('elsewhere'), `${await printed('age', 'identity', '--endpoint', other.endpoint)}\n`)
      await mustAge('-d', '-i', file('elsewhere'), '-i', file('own'), '-o', file('both-again'), file('both.age'))
      const strange = await age('-d', '-i', file('elsewhere'), '-o', file('none'), file('both.age'))
      assert.equal(strange.code, 1)
      assert.match(strange.err, /it is for the server .*, but the plugin calls /)
      assert.doesNotMatch(strange.err, /KeyNotFound/)
      env = { ...env, STRONGROOM_ENDPOINT: other.endpoint }
      const { code, err } = await age('-d', '-i', file('elsewhere'), '-o', file('none'), file('both.age'))
      assert.equal(code, 1)
      assert.match(err, new RegExp(`KeyNotFound: .*it was encrypted with the key ${KeyId}`))
      assert.match(err, /no identity matched/)
    } finally {
      env = { ...env, STRONGROOM_ENDPOINT: house.endpoint }
      await other[Symbol.asyncDispose]()
    }
  })

  it('says why a key can not be used', async () => {
    const { KeyId: disabled } = (await house.must('CreateKey')).KeyMetadata
    const recipient = await printed('age', 'recipient', '--key', disabled)
    writeFileSync(file('identity'), await printed('age', 'identity'))
    await mustAge('-r', recipient, '-o', file('locked.age'), file('identity'))
    await house.must('DisableKey', { KeyId: disabled })
    const opened = await age('-d', '-i', file('identity'), '-o', file('locked'), file('locked.age'))
    assert.equal(opened.code, 1)
    assert.match(opened.err, /strongroom plugin: Rejected\.Disabled: /)
    const sealed = await age('-r', recipient, '-o', file('refused.age'), file('identity'))
    assert.equal(sealed.code, 1)
    assert.match(sealed.err, /Rejected\.Disabled: /)
  })
})

/** Says all of age's part at once; returns the plugin's exit code and commands. */
async function talk(machine: string, ...stanzas: Stanza[]) {
  const replies = Array.from({ length: 20 }, () => encodeStanza({ args: ['ok'], body: Buffer.alloc(0) }))
  const said = [...stanzas.map(encodeStanza), ...replies].join('')
  const words = ['age', 'plugin', `--age-plugin=${machine}`]
  const { code, out, err } = await runHere(words, env, false, [Buffer.from(said)])
  const lines = new StanzaLines()
  const commands = out
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => lines.take(line) ?? [])
  return { code, commands: commands.map(({ args, body }) => [...args, Buffer.from(body).toString()]), err }
}

const stanza = (args: string, body: Uint8Array = Buffer.alloc(0)): Stanza => ({ args: args.split(' '), body })
const DONE = stanza('done')

describe('age-plugin-strongroom', () => {
  const address = {
    endpoint: 'https://kms.example:7700',
    region: 'cn-beijing',
    key: 'alias/a',
    context: new Map([['a', 'b']]),
  }
  const none = { endpoint: null, region: null, key: null, context: new Map() }

  it('has recipients and identities that say where a key is', async () => {
    for (const one of [address, none]) {
      assert.deepEqual(decodeRecipient(encodeRecipient(one)), one)
      assert.deepEqual(decodeIdentity(encodeIdentity(one)), one)
      assert.equal(decodeIdentity(encodeRecipient(one)), null)
    }
    assert.equal(encodeIdentity(none), 'AGE-PLUGIN-STRONGROOM-1R5625L')
    for (const bytes of ['[]', '{"later":"x"}', '{"key":1}', '{"context":"[]"}', 'x'])
      assert.equal(decodeRecipient(encodeBech32('age1strongroom', Buffer.from(bytes))), null, bytes)
  })

  it('wraps several file keys to several recipients, and ignores what it does not know', async () => {
    const [one, two] = [randomBytes(16), randomBytes(16)]
    const [recipient, identity] = [
      encodeRecipient({ ...none, key: KeyId }),
      encodeIdentity({ ...none, key: 'alias/plugin' }),
    ]
    const { code, commands, err } = await talk(
      'recipient-v1',
      stanza(`add-recipient ${recipient}`),
      stanza('grease-7 x', Buffer.alloc(100)),
      stanza('wrap-file-key', one),
      stanza(`add-identity ${identity}`),
      stanza('wrap-file-key', two),
      stanza('extension-labels'),
      DONE,
    )
    assert.deepEqual([code, err], [0, ''])
    assert.deepEqual(
      commands.map(([command, index, type, keyId]) => [command, index, type, keyId]),
      [
        ...['0', '1', '0', '1'].map((index) => ['recipient-stanza', index, 'strongroom', KeyId]),
        ['done', '', undefined, undefined],
      ],
    )
  })

  it('wraps nothing where one recipient can not be served', async () => {
    const good = encodeRecipient({ ...none, key: KeyId })
    const wrap = (...given: string[]) =>
      talk('recipient-v1', ...given.map((one) => stanza(one)), stanza('wrap-file-key', Buffer.alloc(16)), DONE)
    const malformed = await wrap(
      `add-recipient ${good}`,
      `add-identity ${encodeIdentity(none)}x`,
      'add-recipient age1strongroom1',
    )
    assert.deepEqual(
      malformed.commands.map((one) => one.slice(0, 3)),
      [
        ['error', 'recipient', '1'],
        ['error', 'identity', '0'],
        ['done', ''],
      ],
    )
    const keyless = await wrap(`add-recipient ${good}`, `add-identity ${encodeIdentity(none)}`)
    assert.deepEqual(keyless.commands, [
      ['error', 'identity', '0', 'it names no key: make a recipient that does by `strongroom age recipient --key KEY`'],
      ['done', ''],
    ])
    const elsewhere = `add-recipient ${encodeRecipient({ ...none, key: KeyId, endpoint: 'http://127.0.0.1:1' })}`
    assert.match(
      (await wrap(elsewhere)).commands[0]?.at(-1) ?? '',
      /^it is for the server http:\/\/127\.0\.0\.1:1, but /,
    )
    env = { ...env, STRONGROOM_ENDPOINT: 'http://127.0.0.1:1' }
    const away = await wrap(elsewhere)
    env = { ...env, STRONGROOM_ENDPOINT: house.endpoint }
    assert.match(away.commands[0]?.at(-1) ?? '', /^http:\/\/127\.0\.0\.1:1 can't be reached: /)
    assert.equal(away.commands.length, 2)
  })

  it('unwraps file by file, and says which stanza is malformed', async () => {
    const fileKey = Buffer.from('sixteen letters!')
    const recipient = encodeRecipient({ ...none, key: KeyId, context: new Map([['project', 'apollo']]) })
    const made = await runHere(['age', 'plugin', '--age-plugin=recipient-v1'], env, false, [
      Buffer.from(
        [stanza(`add-recipient ${recipient}`), stanza('wrap-file-key', fileKey), DONE, stanza('ok')]
          .map(encodeStanza)
          .join(''),
      ),
    ])
    const [first = '', body = ''] = made.out.split('\n')
    const sealed = { args: first.slice('-> recipient-stanza 0 '.length).split(' '), body: Buffer.from(body, 'base64') }
    const of = (index: string, { args, body }: Stanza) => ({ args: ['recipient-stanza', index, ...args], body })
    const unwrap = (identity: string, ...stanzas: Stanza[]) =>
      talk('identity-v1', stanza(`add-identity ${identity}`), ...stanzas, DONE)
    const opened = await unwrap(
      encodeIdentity(none),
      of('0', stanza('X25519 abc', Buffer.alloc(32))),
      of('0', sealed),
      of('1', stanza('scrypt x 18', Buffer.alloc(32))),
      of('2', stanza('scrypt x 18', Buffer.alloc(32))),
      of('2', stanza('strongroom a', Buffer.alloc(32))),
    )
    assert.deepEqual(opened.commands, [
      ['file-key', '0', 'sixteen letters!'],
      ['error', 'stanza', '2', '1', 'its header is damaged: a stanza of the type strongroom is malformed'],
      ['done', ''],
    ])
    const demands = await unwrap(encodeIdentity({ ...none, context: new Map([['project', 'zeus']]) }), of('0', sealed))
    assert.deepEqual(demands.commands, [
      ['msg', 'its encryption context has "apollo" for "project", not "zeus"'],
      ['done', ''],
    ])
    const { commands } = await unwrap('AGE-PLUGIN-STRONGROOM-1', of('0', sealed))
    assert.deepEqual(
      commands.map((one) => one.slice(0, 3)),
      [
        ['error', 'identity', '0'],
        ['done', ''],
      ],
    )
  })

  it('refuses what it does not speak', async () => {
    const { code, err } = await talk('recipient-v2')
    assert.equal(code, 2)
    assert.match(err, /no state machine `recipient-v2`/)
    const { code: broken, err: why } = await runHere(['age', 'plugin', '--age-plugin=identity-v1'], env, false, [])
    assert.deepEqual([broken, why], [1, 'strongroom: age ended the conversation early\n'])
  })

  it('starts under its own name, also through a link', async () => {
    symlinkSync(join(dirname(BIN), 'age-plugin-strongroom'), file('age-plugin-strongroom'))
    const { status, stderr } = spawnSync(file('age-plugin-strongroom'), [], { encoding: 'utf8' })
    assert.deepEqual(
      [status, stderr],
      [2, 'strongroom: age starts this plugin by itself: see `strongroom age --help`\n'],
    )
  })
})
