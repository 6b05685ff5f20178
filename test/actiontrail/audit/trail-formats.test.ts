// The trail's formats as they are published: vectors, the page that specifies them, and a verifier in another language, which shares
// nothing with this program. What either verifier must find: whatever is altered in an export, or added to it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createPrivateKey, hash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exportTrail } from '../../../src/actiontrail/audit/audit.ts'
import {
  type Checkpoint,
  checkpointMatches,
  headsOf,
  publicKeyOf,
  TrailSigner,
} from '../../../src/actiontrail/audit/checkpoint.ts'
import { ExportLines, sealText } from '../../../src/actiontrail/audit/export.ts'
import { linesOf, verifyExport } from '../../../src/actiontrail/audit/verify-export.ts'
import { type Digest, fingerprint, readDigest, signedDigest } from '../../../src/actiontrail/delivery/digest.ts'
import { GENESIS, genesisOf, link } from '../../../src/ledger/chain.ts'
import type { ChainedEvent, Head } from '../../../src/storage/storage.ts'
import { removeFolder, temporaryFolder } from '../../acceptance/program.ts'
import { openTestHouse } from '../../house.ts'
import { vectors } from '../../vectors.ts'

interface Vectors {
  readonly key: { readonly seed: string; readonly publicKey: string; readonly fingerprint: string }
  readonly genesis: string
  readonly events: readonly (ChainedEvent & { readonly text: string })[]
  readonly decided: ChainedEvent & { readonly previous: string; readonly text: string }
  readonly checkpoint: Head & { readonly at: number; readonly signature: string; readonly text: string }
  readonly export: { readonly lines: readonly string[]; readonly sha256: string; readonly text: string }
  readonly lanes: {
    readonly event: ChainedEvent
    readonly checkpoint: Checkpoint & { readonly text: string }
    readonly export: { readonly lines: readonly string[] }
  }
  readonly digest: { readonly digest: Digest; readonly text: string; readonly file: string }
}

const vector = vectors<Vectors>('trail-formats.json')
const publicKey = publicKeyOf(vector.key.publicKey)
/** The PKCS #8 header of an Ed25519 key (RFC 8410). */
const PKCS8 = '302e020100300506032b657004220420'
const privateKey = createPrivateKey({
  key: Buffer.from(PKCS8 + vector.key.seed, 'hex'),
  format: 'der',
  type: 'pkcs8',
})
const signer = new TrailSigner(vector.key.publicKey, privateKey)

const VERIFIER = fileURLToPath(new URL('verify_export.py', import.meta.url))
const folder = temporaryFolder()
after(() => removeFolder(folder))

/** What the verifier in Python says of a copy: '' when it is intact. */
function inPython(copy: Uint8Array, key: string): string {
  const [file, keyFile] = [join(folder, 'copy.jsonl'), join(folder, 'key.pem')]
  writeFileSync(file, copy)
  writeFileSync(keyFile, key)
  const { status, stdout, stderr } = spawnSync('python3', [VERIFIER, file, keyFile], { encoding: 'utf8' })
  assert.equal(stderr.includes('Traceback'), false, stderr)
  assert.equal(stdout.startsWith('intact: '), status === 0, stdout)
  return status === 0 ? '' : stderr
}

/** What our own verifier says of it. */
async function here(copy: Uint8Array, key: string): Promise<string> {
  async function* chunks() {
    // In pieces that end anywhere.
    for (let at = 0; at < copy.length; at += 1000) yield Buffer.from(copy.subarray(at, at + 1000))
  }
  const { fault } = await verifyExport(linesOf(chunks()), publicKeyOf(key), () => {})
  return fault?.message ?? ''
}

describe('the formats of the trail', () => {
  it('chain events as the vectors say', () => {
    assert.equal(GENESIS.hash, vector.genesis)
    let previous = vector.genesis
    for (const { seq, text, hash: expected, change, ...event } of vector.events) {
      assert.equal(link(previous, seq, event, change), expected)
      assert.equal(hash('sha256', text, 'base64url'), expected)
      previous = expected
    }
  })

  it('chain an event with the change number that it was decided under', () => {
    const { previous, seq, text, hash: expected, change, ...event } = vector.decided
    assert.equal(link(previous, seq, event, change), expected)
    assert.equal(hash('sha256', text, 'base64url'), expected)
  })

  it('sign checkpoints as the vectors say', () => {
    const { text, ...checkpoint } = vector.checkpoint
    assert.deepEqual(signer.checkpoint([checkpoint], checkpoint.at), checkpoint)
    assert.equal(signer.sign(text), checkpoint.signature)
    assert.ok(checkpointMatches(checkpoint, publicKey))
  })

  it('number the events of lanes, and sign and export several of them, as the vectors say', async () => {
    const { event, checkpoint, export: exported } = vector.lanes
    assert.equal(event.seq, 2 ** 40 + 1)
    assert.equal(link(GENESIS.hash, event.seq, event, event.change), event.hash)
    const { text, ...signed } = checkpoint
    assert.deepEqual(signer.checkpoint(headsOf(signed), signed.at), signed)
    assert.equal(signer.sign(text), signed.signature)
    assert.ok(checkpointMatches(signed, publicKey))
    const own = new ExportLines(signer)
    assert.equal(own.start([GENESIS, genesisOf(1)], 1795512604000), exported.lines[0])
    assert.equal(own.end(headsOf(signed), 1795512604000), exported.lines.at(-2))
    const copy = Buffer.from(`${exported.lines.join('\n')}\n`)
    assert.deepEqual([await here(copy, vector.key.publicKey), inPython(copy, vector.key.publicKey)], ['', ''])
    // The same heads in another order, of fewer lanes, or with more in one: what is signed is not that.
    const [first, second] = headsOf(signed)
    assert.ok(first && second)
    const merged = { ...first, hash: `${first.hash}\n${second.seq} ${second.hash}` }
    for (const heads of [[second, first], [first], [merged], [merged, second], [first, { ...second, seq: first.seq }]])
      assert.equal(checkpointMatches({ ...signed, heads }, publicKey), false)
  })

  it('write exports as the vectors say', async () => {
    const { lines, sha256, text } = vector.export
    const [at, head] = [JSON.parse(lines.at(-2) ?? '').end.at, vector.events.at(-1)]
    const own = new ExportLines(signer)
    assert.equal(own.start([GENESIS], at), lines[0])
    for (const [i, row] of vector.events.entries()) {
      const [written, expected] = [own.event(row), lines[i + 1] ?? '']
      // What a version shows of an event may come to tell more; what is chained of it stays.
      assert.deepEqual(JSON.parse(written).record, JSON.parse(expected).record)
    }
    assert.ok(head)
    assert.equal(own.end([head], at), lines.at(-2))
    assert.equal(
      hash(
        'sha256',
        lines
          .slice(0, -1)
          .map((line) => `${line}\n`)
          .join(''),
        'hex',
      ),
      sha256,
    )
    assert.equal(sealText(sha256), text)
    assert.equal(lines.at(-1), JSON.stringify({ sha256, signature: signer.sign(text) }))
    const copy = Buffer.from(`${lines.join('\n')}\n`)
    assert.equal(await here(copy, vector.key.publicKey), '')
    assert.equal(inPython(copy, vector.key.publicKey), '')
  })

  it('sign digests as the vectors say', () => {
    const { digest, text, file } = vector.digest
    assert.equal(signedDigest(digest, signer), file)
    assert.equal(JSON.parse(file).signature, signer.sign(text))
    assert.deepEqual(readDigest(file, vector.key.publicKey), digest)
    assert.equal(fingerprint(vector.key.publicKey), vector.key.fingerprint)
  })

  it('are shown by the page with the values of the vectors', () => {
    const page = readFileSync(new URL('../../../docs/reference/trail-formats.md', import.meta.url), 'utf8')
    const { events, checkpoint, digest, key, genesis, lanes } = vector
    const shown = [
      genesis,
      ...events.flatMap(({ text, hash: own }) => [text, own]).filter((_, i) => i < 2 || i > 3),
      checkpoint.text,
      checkpoint.signature,
      lanes.checkpoint.text,
      lanes.checkpoint.signature,
      vector.export.text,
      ...vector.export.lines.slice(-2),
      digest.digest.name,
      JSON.parse(digest.file).signature,
      ...key.publicKey.trim().split('\n'),
      key.fingerprint,
      key.seed,
    ]
    // Line separators of Unicode are written as escapes on the page.
    for (const text of shown) assert.ok(page.includes(text.replaceAll('\u2028', '\\u2028')), text)
  })
})

describe('an export of a real trail', () => {
  let copy: Buffer
  let key: string
  let lines: readonly string[]
  before(async () => {
    await using house = await openTestHouse(null)
    // What breaks a line elsewhere breaks none here.
    const Description = 'a\u2028b\u2029c\r\nd "quoted" \\ ü 😀'
    const { KeyId } = (await house.must('CreateKey', { Description })).KeyMetadata
    for (let i = 0; i < 5; i++) await house.must('Encrypt', { KeyId, Plaintext: 'x' })
    await house.outcome('DescribeKey', { KeyId: 'nothing' })
    house.now += 8 * 86_400_000
    await house.must('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: '7' })
    const { trailSigner } = house.open
    key = trailSigner.publicKey
    const own = new ExportLines(trailSigner)
    const all: string[] = []
    for await (const part of exportTrail(house.open, { from: null, to: null }, publicKeyOf(key), () => {})) {
      if ('row' in part) all.push(own.event(part.row))
      else all.push('start' in part ? own.start(part.start, house.now) : own.end(part.end, house.now))
    }
    lines = [...all, own.seal()]
    copy = written(lines)
  })

  const written = (all: readonly string[]) => Buffer.from(`${all.join('\n')}\n`)

  it('is intact to both verifiers', async () => {
    assert.equal(lines.length, 11)
    assert.equal(await here(copy, key), '')
    assert.equal(inPython(copy, key), '')
  })

  const at = (index: number, change: (line: string) => string) => () =>
    lines.map((line, i) => (i === index ? change(line) : line))
  const put = (from: string, to: string) => (line: string) => {
    assert.ok(line.includes(from), line)
    return line.replace(from, () => to)
  }
  const first = at.bind(null, 0)

  const CHANGES: readonly [what: string, change: () => readonly string[]][] = [
    ['another key in the first line', first(put('-----BEGIN PUBLIC KEY-----\\n', '-----BEGIN PUBLIC KEY-----\\nA'))],
    [
      'the key of another installation there',
      first((line) => JSON.stringify({ ...JSON.parse(line), publicKey: vector.key.publicKey })),
    ],
    ['a member added to the first line', first(put('{"strongroom"', '{"note":1,"strongroom"'))],
    ['a member added to its checkpoint', first(put('"start":{', '"start":{"note":1,'))],
    ['another format', first(put('trail/2', 'trail/1'))],
    ['a member added to an event', at(2, put('"record":', '"note":"x","record":'))],
    ['a member that comes twice', at(2, put('{"seq":2', '{"seq":9,"seq":2'))],
    ['a column added to a record', at(2, put('],"event"', ',"x"],"event"'))],
    ['a column taken from a record', at(2, (line) => line.replace(/"record":\["[^"]+",/, '"record":['))],
    ['another column', at(2, put('"record":["', '"record":["0'))],
    ['a member added to what an event shows', at(2, put('"event":{', '"event":{"note":1,'))],
    ['something altered there', at(2, put('"eventName":"Encrypt"', '"eventName":"Decrypt"'))],
    ['a blank between members', at(2, put('"record":', ' "record":'))],
    ['an event dropped', () => lines.toSpliced(2, 1)],
    ['an event inserted', () => lines.toSpliced(2, 0, lines[2] ?? '')],
    ['two events exchanged', () => lines.toSpliced(2, 2, lines[3] ?? '', lines[2] ?? '')],
    ['a member added to the end', at(9, put('{"end":', '{"note":1,"end":'))],
    ['a member added to its checkpoint', at(9, put('"end":{', '"end":{"note":1,'))],
    ['another time at the end', at(9, (line) => line.replace(/"at":(\d+)/, (_, time) => `"at":${Number(time) + 1}`))],
    ['no end', () => lines.toSpliced(9, 1)],
    ['no signature of the whole', () => lines.slice(0, -1)],
    ['a member added to that', at(10, put('{"sha256"', '{"note":1,"sha256"'))],
    ['another spelling of it', at(10, put('=="}', '="}'))],
    ['a line behind the end', () => [...lines, lines[1] ?? '']],
    ['an empty line behind the end', () => [...lines, '']],
    ['line feeds with carriage returns', () => lines.map((line) => `${line}\r`)],
    ['nothing', () => []],
  ]

  for (const [what, change] of CHANGES)
    it(`is not, to either, with ${what}`, async () => {
      const changed = written(change())
      assert.notEqual(await here(changed, key), '')
      assert.notEqual(inPython(changed, key), '')
    })

  it('is not, to either, with any one bit changed', async () => {
    // Starting Python for each takes long: fewer there.
    for (let i = 0; i < copy.length - 1; i++) {
      const changed = Buffer.from(copy)
      changed[i] = (changed[i] ?? 0) ^ 1
      if (i % 7 === 0) assert.notEqual(await here(changed, key), '', `byte ${i}`)
      if (i % 2003 === 0) assert.notEqual(inPython(changed, key), '', `byte ${i}`)
    }
  })

  it('is not, to either, under another key', async () => {
    assert.match(await here(copy, vector.key.publicKey), /bears the signature of the trail's key/)
    assert.match(inPython(copy, vector.key.publicKey), /NOT INTACT/)
  })

  it('may show events as another version of the program does: the signature covers what is shown', async () => {
    const own = new ExportLines(signer)
    const shown = new ExportLines(signer)
    const [row] = vector.events
    assert.ok(row)
    const start = own.start([GENESIS], 1)
    const event = JSON.parse(own.event(row))
    const end = own.end([row], 1)
    assert.equal(shown.start([GENESIS], 1), start)
    const later = JSON.stringify({ ...event, event: { ...event.event, toldLater: 'x' } })
    const sha256 = hash('sha256', `${start}\n${later}\n${end}\n`, 'hex')
    const seal = JSON.stringify({ sha256, signature: signer.sign(sealText(sha256)) })
    const all = written([start, later, end, seal])
    assert.equal(await here(all, vector.key.publicKey), '')
    assert.equal(inPython(all, vector.key.publicKey), '')
  })
})

describe('the lines of a copy', () => {
  it('end with the beginning of a line that is too long, however long it is', async () => {
    let read = 0
    async function* endless() {
      yield Buffer.from('one\n')
      for (;;) {
        read++
        yield Buffer.alloc(1000, 'x')
      }
    }
    const lines: number[] = []
    for await (const line of linesOf(endless(), 2500)) lines.push(line.length)
    assert.deepEqual([lines, read], [[3, 3000], 3])
  })
})

describe('an export of the former format', () => {
  const { key, export: written } = vector
  /** As it was written before a copy was signed as a whole. */
  const former = written.lines.slice(0, -1).map((line) => line.replace('trail/2', 'trail/1'))
  const of = (all: readonly string[]) => here(Buffer.from(all.join('\n')), key.publicKey)

  it('is verified as before, and nothing may be added to it', async () => {
    assert.equal(await of(former), '')
    for (const [line, from, to, fault] of [
      [0, '{"strongroom"', '{"note":1,"strongroom"', /member `note` that was added/],
      [0, '"start":{', '"start":{"note":1,', /member `note` that was added/],
      [
        0,
        vector.key.publicKey.slice(27, 60),
        vector.key.publicKey.slice(27, 59).concat('B'),
        /names another public key/,
      ],
      [2, '"record":', '"note":1,"record":', /the line of event 2 holds a member `note` that was added/],
      [2, ',0,0]"]', ',0,0]","x"]', /can't be read/],
      [2, '"event":{', '"event":{"note":1,', /is shown differently from what was recorded/],
      [2, '{"seq":2', '{"seq":9,"seq":2', /is not as it was written/],
      [4, '{"end":', '{"note":1,"end":', /member `note` that was added/],
    ] as const) {
      const changed = former.with(line, (former[line] ?? '').replace(from, to))
      assert.notDeepEqual(changed, former)
      assert.match(await of(changed), fault)
    }
  })
})
