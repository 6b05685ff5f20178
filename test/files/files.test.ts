// Files as their users encrypt and decrypt them: commands on a house in this process. test/files/plugin.test.ts has the real age.
import '../owned.ts'
import assert from 'node:assert/strict'
import fs, {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { after, before, describe, it, mock } from 'node:test'
import { transferFile } from '../../src/files/transfer.ts'
import { randomBytes } from '../../src/runtime/random.ts'
import { runHere } from '../acceptance/line.ts'
import { temporaryFolder } from '../acceptance/program.ts'
import type { TestHouse } from '../house.ts'
import { Commands } from './commands.ts'

let commands: Commands
let house: TestHouse
let env: Readonly<Record<string, string>>
let KeyId = ''
let folder = ''

before(async () => {
  commands = await Commands.open('alias/files', ['--region', 'cn-hangzhou,cn-beijing'])
  ;({ house, env, keyId: KeyId, folder } = commands)
})
after(() => commands[Symbol.asyncDispose]())

/** A new file in a folder of its own; returns its path. */
function fileWith(content: Buffer, name = 'report'): string {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, content, { mode: 0o640 })
  chmodSync(path, 0o640)
  return path
}

async function run(...words: string[]) {
  const { code, out, err } = await runHere(words, env)
  return { code, out, err }
}

async function must(...words: string[]): Promise<void> {
  assert.deepEqual(await run(...words), { code: 0, out: '', err: '' })
}

async function fails(words: readonly string[], said: RegExp): Promise<void> {
  const { code, err } = await run(...words)
  assert.equal(code, 1, err)
  assert.match(err, said)
}

const inFolder = (path: string) => readdirSync(join(path, '..')).toSorted()

/** The sealed file with another header in place of its own. */
function withHeader(path: string, change: (header: string) => string): void {
  const bytes = readFileSync(path)
  const end = bytes.indexOf('\n---')
  writeFileSync(path, Buffer.concat([Buffer.from(change(bytes.toString('latin1', 0, end))), bytes.subarray(end)]))
}

describe('strongroom encrypt and decrypt', () => {
  it('bring back each file beside it, with its permissions, whatever its length', async () => {
    for (const length of [0, 1, 65_535, 65_536, 65_537, 1_048_576, 1_048_577, 2_500_000]) {
      const content = randomBytes(length)
      const path = fileWith(content)
      await must('encrypt', '--key', 'alias/files', path, '--context', 'project=apollo', '--context', 'a=ä "')
      assert.deepEqual(inFolder(path), ['report', 'report.age'])
      assert.equal(statSync(`${path}.age`).mode & 0o777, 0o640)
      const [, line = ''] = readFileSync(`${path}.age`, 'latin1').split('\n')
      const [, type, keyId, region, , context = ''] = line.split(' ')
      assert.deepEqual([type, keyId, region], ['strongroom', KeyId, '-'])
      assert.equal(Buffer.from(context, 'base64').toString(), '{"a":"ä \\"","project":"apollo"}')
      fs.rmSync(path)
      await must('decrypt', `${path}.age`, '--context', 'project=apollo')
      assert.deepEqual(readFileSync(path), content)
      assert.equal(statSync(path).mode & 0o777, 0o640)
    }
    const events = (await house.events()).filter(({ eventName }) => eventName === 'Decrypt')
    const shown = events.at(-1)?.['requestParameters'] as Record<string, unknown>
    assert.equal(shown['EncryptionContext'], '{"a":"ä \\"","project":"apollo"}')
  })

  it('give a file no permission that the umask takes away', async () => {
    const path = fileWith(randomBytes(10))
    await must('encrypt', '--key', 'alias/files', path)
    fs.chmodSync(`${path}.age`, 0o644)
    fs.rmSync(path)
    const umask = process.umask(0o077)
    try {
      await must('decrypt', `${path}.age`)
    } finally {
      process.umask(umask)
    }
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  it('take folders as their files, and leave links out by name', async () => {
    const root = join(temporaryFolder(), 'photos')
    mkdirSync(join(root, 'deep'), { recursive: true })
    for (const name of ['a', 'deep/b', '.hidden']) writeFileSync(join(root, name), name)
    symlinkSync(join(root, 'a'), join(root, 'link'))
    const [sealed, opened] = [join(folder, 'sealed'), join(folder, 'opened')]
    const { code, err } = await run('encrypt', root, '--key', KeyId, '--output', sealed)
    assert.equal(code, 0)
    assert.equal(err, `strongroom: \`${join(root, 'link')}\` is left out: it is a symbolic link\n`)
    const files = (where: string) =>
      readdirSync(where, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(where.length + 1))
        .toSorted()
    assert.deepEqual(files(sealed), ['photos/.hidden.age', 'photos/a.age', 'photos/deep/b.age'])
    await must('decrypt', join(sealed, 'photos'), '--output', opened)
    assert.deepEqual(files(opened), ['photos/.hidden', 'photos/a', 'photos/deep/b'])
    assert.equal(readFileSync(join(opened, 'photos/deep/b'), 'utf8'), 'deep/b')
    // In place: what is sealed already is not sealed again, and files of one name do not meet.
    assert.equal((await run('encrypt', `${root}/.`, '--key', KeyId)).code, 0)
    assert.deepEqual(
      files(root).filter((name) => name.endsWith('.age')),
      ['.hidden.age', 'a.age', 'deep/b.age'],
    )
    await fails(
      ['encrypt', root, '--key', KeyId],
      /`.*photos\/a\.age` already exists: use --force to replace it.*3 of 3 failed/s,
    )
    await fails(
      ['encrypt', join(root, 'a'), join(root, 'deep/../a'), '--key', KeyId, '--output', join(folder, 'one')],
      /would both become `.*one\/a\.age`\n.*1 of 2 failed/,
    )
  })

  it('find a file that was cut, continued, reordered or altered, and leave nothing of it', async () => {
    const path = fileWith(randomBytes(200_000))
    await must('encrypt', path, '--key', KeyId)
    const sealed = readFileSync(`${path}.age`)
    const start = sealed.indexOf('\n---') + 4 + 1 + 43 + 1 + 16
    const chunk = (i: number) => sealed.subarray(start + i * 65_552, start + (i + 1) * 65_552)
    const flipped = Buffer.from(sealed)
    flipped[start + 70_000] = (flipped[start + 70_000] ?? 0) ^ 1
    const head = sealed.subarray(0, start)
    const cases: [string, Buffer, RegExp][] = [
      ['at a chunk', Buffer.concat([head, chunk(0), chunk(1)]), /`.*cut\.age`: it was cut, after 65536 bytes/],
      ['in a chunk', sealed.subarray(0, -1), /it was altered or cut, after 196608 bytes/],
      ['in its nonce', sealed.subarray(0, start - 1), /it ends before its payload/],
      ['in its header', sealed.subarray(0, 40), /ends within its header/],
      ['continued', Buffer.concat([sealed, Buffer.from('x')]), /something follows its end|was altered or cut/],
      [
        'reordered',
        Buffer.concat([head, chunk(1), chunk(0), chunk(2), chunk(3)]),
        /it was altered or cut, after 0 bytes/,
      ],
      ['altered', flipped, /it was altered or cut, after 65536 bytes/],
      ['no age file', Buffer.from('hello'), /it is no age file/],
    ]
    for (const [name, bytes, said] of cases) {
      const broken = fileWith(bytes, 'cut.age')
      await fails(['decrypt', broken], said)
      assert.deepEqual(inFolder(broken), ['cut.age'], name)
    }
  })

  it('bind a file to its context and key', async () => {
    const path = fileWith(Buffer.from('four apples'))
    const [file, again] = [`${path}.age`, ['encrypt', path, '--key', KeyId, '--force']]
    await must(...again, '--context', 'project=apollo', '--output', join(path, '..'))
    fs.rmSync(path)
    await fails(
      ['decrypt', file, '--context', 'project=zeus'],
      /its encryption context has "apollo" for "project", not "zeus"/,
    )
    await fails(['decrypt', file, '--context', 'owner=me'], /its encryption context has no value for "owner", not "me"/)
    const zeus = Buffer.from('{"project":"zeus"}').toString('base64').replaceAll('=', '')
    withHeader(file, (header) => header.replace(/^(-> strongroom \S+ \S+ \S+) \S+$/m, `$1 ${zeus}`))
    await fails(['decrypt', file], /InvalidParameter: .*EncryptionContext/)
    assert.ok(!existsSync(path))

    writeFileSync(path, 'four apples')
    await must(...again)
    fs.rmSync(path)
    const { KeyId: other } = (await house.must('CreateKey')).KeyMetadata
    withHeader(file, (header) => header.replace(KeyId, other))
    await fails(['decrypt', file], new RegExp(`its header names the key ${other}, and its data key is of ${KeyId}`))
    withHeader(file, (header) => header.replace(other, KeyId).replace(`${KeyId} - `, `${KeyId} cn-hangzhou `))
    await fails(['decrypt', file], new RegExp(`its header was altered: the data key of ${KeyId} does not open it`))
    withHeader(file, (header) => header.replace(' cn-hangzhou ', ' - '))
    await must('decrypt', file)
    withHeader(file, (header) => `${header}\n-> other\n`)
    await fails(['decrypt', file, '--force'], /its header was altered: the header does not fit the key/)
    withHeader(file, (header) => header.replace(/^-> strongroom .*\n.*\n/m, ''))
    await fails(['decrypt', file, '--force'], /no key of the service opens it: its recipients are of the types "other"/)
    withHeader(file, (header) => header.replace('-> other', '-> strongroom a b'))
    await fails(['decrypt', file, '--force'], /its header is damaged: a stanza of the type strongroom is malformed/)
  })

  it('find a key of another region by what the file names', async () => {
    const { KeyId: there } = (await house.must('CreateKey', { RegionId: 'cn-beijing' })).KeyMetadata
    const path = fileWith(Buffer.from('far away'))
    await must('encrypt', path, '--key', there, '--region', 'cn-beijing')
    await must('decrypt', `${path}.age`, '--force')
    await fails(['decrypt', `${path}.age`, '--force', '--region', 'cn-hangzhou'], /Forbidden\.KeyNotFound/)
  })

  it('go on with the others where a file fails, and say how many did', async () => {
    const [one, two] = [fileWith(Buffer.from('1')), fileWith(Buffer.from('2'))]
    const plain = fileWith(Buffer.from('3'))
    await must('encrypt', one, two, '--key', KeyId)
    writeFileSync(`${one}.age`, 'no longer')
    for (const path of [one, two]) fs.rmSync(path)
    const { code, err } = await run('decrypt', plain, `${one}.age`, `${two}.age`, join(folder, 'none.age'))
    assert.equal(code, 1)
    assert.match(err, /report` does not end in \.age: decrypt it from standard input/)
    assert.match(err, /none\.age`: there is no such file or folder/)
    assert.match(err, /report\.age`: it is no age file/)
    assert.match(err, /3 of 4 failed\n$/)
    assert.equal(readFileSync(two, 'utf8'), '2')
    writeFileSync(one, '1')
    const away = await runHere(['encrypt', one, two, '--key', KeyId, '--force'], {
      ...env,
      STRONGROOM_ENDPOINT: 'http://127.0.0.1:1',
    })
    assert.match(away.err, /^strongroom: http:\/\/127\.0\.0\.1:1 can't be reached: [^\n]*\n$/)
  })

  it('take a stream, in armor', async () => {
    const content = Buffer.from('line\n'.repeat(30_000))
    const sealed = await runHere(['encrypt', '--key', KeyId, '--armor'], env, true, [content])
    assert.deepEqual([sealed.code, sealed.err], [0, ''])
    assert.match(sealed.out, /^-----BEGIN AGE ENCRYPTED FILE-----\n.*\n-----END AGE ENCRYPTED FILE-----\n$/s)
    const opened = await runHere(['decrypt', '-'], env, false, [Buffer.from(sealed.out)])
    assert.deepEqual(opened, { code: 0, out: content.toString(), err: '' })
    const bare = await runHere(['encrypt', '--key', KeyId], env, true, [content])
    assert.deepEqual([bare.code, bare.out], [2, ''])
  })

  it('give a file its name only when it is complete, also without hard links, and remove it when stopped', async () => {
    const path = fileWith(Buffer.from('on a stick'))
    const refused = mock.method(fs.promises, 'link', async () => {
      throw Object.assign(new Error('not here'), { code: 'EPERM' })
    })
    syncBuiltinESMExports()
    try {
      await must('encrypt', path, '--key', KeyId)
      assert.equal(refused.mock.callCount(), 1)
    } finally {
      mock.restoreAll()
      syncBuiltinESMExports()
    }
    assert.deepEqual(inFolder(path), ['report', 'report.age'])
    const stop = new AbortController()
    async function* parts() {
      yield [Buffer.from('half')]
      assert.equal(inFolder(path).length, 3)
      stop.abort(new Error('stopped by SIGTERM'))
      yield [Buffer.from('the rest')]
    }
    await assert.rejects(
      transferFile(
        { from: path, to: `${path}.new`, bytes: 0, mode: 0o600 },
        { transform: async () => parts(), read: () => {}, signal: stop.signal },
        { remedy: 'name another file', random: randomBytes },
      ),
      /stopped by SIGTERM/,
    )
    assert.deepEqual(inFolder(path), ['report', 'report.age'])
  })

  it('end with a signal, and leave nothing half done', async () => {
    const path = fileWith(randomBytes(5_000_000))
    const listening = process.listenerCount('SIGTERM')
    // As soon as it is waited for, which is before the service can answer.
    const stop = (event: string | symbol) => {
      if (event === 'SIGTERM') setImmediate(() => process.emit('SIGTERM', 'SIGTERM'))
    }
    process.on('newListener', stop)
    try {
      const ended = await run('encrypt', path, '--key', KeyId)
      assert.deepEqual(ended, { code: 1, out: '', err: 'strongroom: stopped by SIGTERM\n' })
    } finally {
      process.off('newListener', stop)
    }
    assert.deepEqual(inFolder(path), ['report'])
    assert.equal(process.listenerCount('SIGTERM'), listening)
  })
})
