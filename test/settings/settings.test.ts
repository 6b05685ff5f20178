// Settings as their rows describe them: the schema of the configuration file, and the reader of flags.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { configurationSchema, settingsHelp } from '../../src/settings/description.ts'
import { type FlagKinds, readFlags } from '../../src/settings/flags.ts'
import { mayChange } from '../../src/settings/secret-databases.ts'
import { ENVIRONMENT_ONLY, readSettings, SETTINGS } from '../../src/settings/settings.ts'
import { UsageError } from '../../src/settings/usage-error.ts'
import { runProgram } from '../acceptance/program.ts'

type Json = Readonly<Record<string, unknown>>

const KEYWORDS = ['description', 'default', 'type', 'items', 'enum', 'minimum', 'maximum']

/** Why the value does not satisfy the schema, by those keywords of JSON Schema that settings use; or null. */
function fault(value: unknown, schema: Json): string | null {
  const unknown = Object.keys(schema).find((keyword) => !KEYWORDS.includes(keyword))
  assert.equal(unknown, undefined, 'a keyword that this test does not know')
  const { type, enum: choices, minimum, maximum } = schema
  if (Array.isArray(choices) && !choices.includes(value)) return 'no choice'
  const kind = Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value
  if (type !== undefined && ![type].flat().includes(kind)) return `is ${kind}`
  if (typeof value === 'number' && (value < Number(minimum) || value > Number(maximum))) return 'out of range'
  if (!Array.isArray(value)) return null
  return value.map((item) => fault(item, schema['items'] as Json)).find((why) => why !== null) ?? null
}

const { properties, additionalProperties } = configurationSchema() as { properties: Record<string, Json> } & Json

/** The faults of a configuration, by key. */
const faults = (configuration: Json) =>
  Object.entries(configuration).flatMap(([key, value]) => {
    const schema = properties[key]
    const why = schema ? fault(value, schema) : 'unknown'
    return why === null ? [] : [`${key}: ${why}`]
  })

function page(name: string): string {
  return readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')
}

describe('the schema of the configuration file', () => {
  it('is what serve --config-schema prints', async () => {
    const { code, out } = await runProgram(['serve', '--config-schema'])
    assert.deepEqual([code, JSON.parse(out)], [0, configurationSchema()])
  })

  it('has every setting but the file itself, and defaults that satisfy it', () => {
    assert.deepEqual(Object.keys(properties).toSorted(), [
      '$schema',
      ...Object.keys(SETTINGS)
        .filter((name) => name !== 'config')
        .toSorted(),
    ])
    const defaults = Object.entries(properties).filter(([, schema]) => 'default' in schema)
    assert.deepEqual(faults(Object.fromEntries(defaults.map(([key, schema]) => [key, schema['default']]))), [])
  })

  it('accepts the examples of the pages, which the server reads', () => {
    const examples = [
      /--config strongroom\.json`:\n\n```json\n([\s\S]*?)```/.exec(page('running.md'))?.[1],
      /strongroom\.json <<'END'\n([\s\S]*?)END/.exec(page('hsm.md'))?.[1],
    ]
    for (const example of examples) {
      const configuration = JSON.parse(example ?? '') as Json
      assert.deepEqual(faults(configuration), [])
      const read = (path: string) => (path === 'c.json' ? (example ?? '') : '{}')
      assert.ok(readSettings(['--config', 'c.json'], {}, read))
    }
  })

  it('refuses what the server refuses', () => {
    assert.equal(additionalProperties, false)
    const wrong = { 'max-keys': 0, 'log-level': 'loud', 'hsm-sessions': 1.5, listen: [1], dev: 'yes', colour: 'red' }
    assert.deepEqual(
      faults(wrong).map((why) => why.split(':')[0]),
      Object.keys(wrong),
    )
    for (const [key, value] of Object.entries(wrong)) {
      const hsm = key === 'hsm-sessions' ? { 'hsm-module': 'm', 'hsm-token': 't' } : {}
      const file = JSON.stringify({ [key]: value, ...hsm })
      assert.throws(() => readSettings(['--config', 'c.json'], {}, () => file), new RegExp(`\`${key}\``))
    }
  })

  it('may be named by the file', () => {
    const file = JSON.stringify({ $schema: './strongroom.schema.json', 'max-keys': 7 })
    assert.equal(readSettings(['--config', 'c.json'], {}, () => file).maxKeys, 7)
  })
})

describe('a file that a setting names, and that can not be read', () => {
  const missing = (path: string) => assert.fail(new Error(`ENOENT: no such file or directory, open '${path}'`))
  for (const flags of [
    ['--passphrase-file=/x'],
    ['--quotas-file=/x'],
    ['--secret-databases=/x'],
    ['--oidc-ca-file=/x'],
    ['--oidc-pinned-keys=https://issuer.example=/x'],
    ['--delivery-credentials-file=/x', '--delivery-target=https://oss.example'],
  ]) {
    const [setting = ''] = /[a-z]+(?:-[a-z]+)+/.exec(flags[0] ?? '') ?? []
    it(`is refused with the name of the setting: ${setting}`, () => {
      const message = `the file \`/x\` of \`${setting}\` can't be read: ENOENT: no such file or directory, open '/x'`
      assert.throws(() => readSettings(flags, {}, missing), { constructor: UsageError, message })
    })
  }
})

describe('the names of the certificate of the own CA', () => {
  const namesOf = (names: string) => {
    const { tls } = readSettings(['--tls', 'self-signed', '--tls-names', names], {}, () => '')
    return tls && 'selfSignedFor' in tls ? tls.selfSignedFor.slice(3) : null
  }

  it('may have blanks between them, and may not be empty', () => {
    assert.deepEqual(namesOf('kms.example.internal, 10.0.0.5'), ['kms.example.internal', '10.0.0.5'])
    for (const names of ['a,', 'a,,b', 'a b'])
      assert.throws(() => namesOf(names), /`tls-names` contains the invalid value/)
  })
})

describe('the help of settings', () => {
  it('names every flag and every variable that the environment alone gives', () => {
    const help = settingsHelp()
    for (const name of Object.keys(SETTINGS))
      assert.ok(help.includes(`\n  --${name} `) || help.startsWith(`  --${name} `), name)
    for (const name of Object.keys(ENVIRONMENT_ONLY)) assert.ok(help.includes(`\n  ${name} `), name)
  })
})

describe('the reader of flags', () => {
  const kinds: FlagKinds = { name: 'value', safe: 'truth', at: 'list', now: 'bare' }
  const all = (...args: string[]) => {
    const flags = readFlags(args, kinds, 'test')
    return Object.fromEntries(flags.names.map((name) => [name, flags.all(name)]))
  }

  it('reads values, also after =, also empty ones and those that look like flags', () => {
    assert.deepEqual(all('--name', 'a', '--at=b=c', '--at', 'd'), { name: ['a'], at: ['b=c', 'd'] })
    assert.deepEqual(all('--name', '--at', '--at', ''), { name: ['--at'], at: [''] })
    assert.equal(readFlags(['--name', 'a', '--name', 'b'], kinds, 'test').get('name'), 'b')
  })

  it('takes a boolean with or without its value, and a bare flag only without one', () => {
    assert.deepEqual(all('--safe', '--now'), { safe: ['true'], now: ['true'] })
    assert.deepEqual(all('--safe', 'false', '--now'), { safe: ['false'], now: ['true'] })
    assert.throws(() => all('--now=false'), /`--now` takes no value/)
  })

  it('names what it does not know, with the nearest flag, and what lacks a value', () => {
    assert.throws(
      () => all('--nam', 'a'),
      /unknown flag `--nam` \(did you mean --name\?\): see `strongroom test --help`/,
    )
    assert.throws(() => all('--constructor', 'a'), /unknown flag `--constructor`/)
    assert.throws(() => all('name', 'a'), /unknown flag `name`/)
    assert.throws(() => all('--now', 'a'), /unknown flag `a`/)
    assert.throws(() => all('--name'), /`--name` needs a value/)
  })
})

describe('the file of databases', () => {
  const connection = 'postgresql://rotator:hunter2@db/postgres?sslmode=verify-full'
  const good = { account: '1000000000000001', connection, roles: ['orders', 'app_*'] }
  const read = (content: unknown) =>
    readSettings(['--secret-databases', 'databases.json'], {}, () =>
      typeof content === 'string' ? content : JSON.stringify(content),
    ).secretDatabases

  it('says where each instance is, whose it is, and which roles', () => {
    const database = read({ 'rm-orders': good }).get('rm-orders')
    assert.deepEqual([database?.account, database?.address.hosts], [good.account, [{ host: 'db', port: 5432 }]])
    const roles = ['orders', 'app_1', 'app_', 'orders2', 'app', 'ORDERS']
    assert.deepEqual(
      roles.filter((role) => database && mayChange(database, role)),
      ['orders', 'app_1', 'app_'],
    )
    assert.equal(readSettings([], {}, () => '').secretDatabases.size, 0)
  })

  it('is refused with an error that says why and holds no password', () => {
    for (const [content, said] of [
      ['{"hunter2', /`databases.json` of `secret-databases` is not JSON/],
      ['[]', /`databases.json` must contain a JSON object/],
      [{ 'rm orders': good }, /`rm orders` in `databases.json` is no instance id/],
      [{ a: { ...good, port: 5432 } }, /unknown member `port` of `a`/],
      [{ a: { ...good, account: 'x' } }, /`account` of `a` in `databases.json` must be the 16 digits/],
      [{ a: { ...good, roles: [] } }, /`roles` of `a`/],
      [
        { a: { ...good, roles: ['rot*'] } },
        /`roles` of `a` .*include `rotator`, with which the service itself connects/,
      ],
      ...['', '@', ':hunter2@'].map(
        (user) =>
          [
            { a: { ...good, connection: `postgresql://${user}db/postgres?sslmode=verify-full` } },
            /`connection` of `a` in `databases.json` has no user: write postgresql:\/\/USER@/,
          ] as const,
      ),
      [{ a: { ...good, connection: 5 } }, /`connection` of `a`/],
      [
        { a: { ...good, connection: 'hunter2' } },
        /`connection` of `a` in `databases.json`: it is no connection string/,
      ],
      ...['', '?sslmode=require', '?sslmode=verify-ca'].map(
        (query) =>
          [
            { a: { ...good, connection: `postgresql://r:hunter2@db/postgres${query}` } },
            /must verify the server: add sslmode=verify-full/,
          ] as const,
      ),
    ] as const)
      assert.throws(
        () => read(content),
        (error: Error) => {
          assert.match(error.message, said)
          assert.ok(error instanceof UsageError && !error.message.includes('hunter2'))
          return true
        },
      )
  })
})

describe('an environment variable', () => {
  const read = (env: Readonly<Record<string, string>>) => readSettings([], env, () => '')

  it('that is misspelled is refused by its name, without its value', () => {
    for (const [name, meant] of [
      ['STRONGROOM_TLS_CRET', 'STRONGROOM_TLS_CERT'],
      ['STRONGROOM_PASSPHRASES', 'STRONGROOM_PASSPHRASE'],
      ['STRONGROOM_ROOT_KEYFILE', 'STRONGROOM_ROOT_KEY_FILE'],
      ['STRONGROOM_LISTENER', 'STRONGROOM_LISTEN'],
    ] as const)
      assert.throws(
        () => read({ [name]: 'hunter2' }),
        new UsageError(`unknown environment variable ${name} (did you mean ${meant}?)`),
      )
    assert.doesNotThrow(() => read({ STRONGROOM_TLS_CRET: '' }), 'an empty variable is unset')
  })

  it('of the command line, of Kubernetes, of Compose or of another program is none of the settings', () => {
    const others = [
      'STRONGROOM_ENDPOINT',
      'STRONGROOM_CA_FILE',
      'STRONGROOM_DISK_FOLDER',
      'STRONGROOM_TEST_SEED',
      'STRONGROOM_PORT',
      'STRONGROOM_PORT_7700_TCP_ADDR',
      'STRONGROOM_SERVICE_PORT_HTTPS',
      'STRONGROOM_HSM_PORT',
      'STRONGROOM_METRICS_SERVICE_HOST',
      'STRONGROOM_METRICS_PORT',
      'STRONGROOMS',
    ]
    assert.doesNotThrow(() => read(Object.fromEntries(others.map((name) => [name, 'x']))))
  })
})
