// Frames between two processes of a server arrive as they were sent, in pieces of any size. A damaged frame ends the connection.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { Channel, ChannelClosed, type ErrorForm, type Packed } from '../../../src/storage/remote/channel.ts'
import { encodeFrame, FRAME_KINDS, type Frame, FrameError, FrameReader } from '../../../src/storage/remote/frame.ts'
import { Packer, Unpacker } from '../../../src/storage/remote/packer.ts'
import { removeFolder, temporaryFolder } from '../../acceptance/program.ts'

const bytes = fc.uint8Array({ maxLength: 200 })
const text = fc.string({ unit: 'grapheme', maxLength: 200 })
const frame: fc.Arbitrary<Frame> = fc.record({
  kind: fc.constantFrom(...FRAME_KINDS),
  subject: fc.nat(255),
  number: fc.nat(0xffffffff),
  text,
  bytes,
})

const plain = ({ bytes: some, ...rest }: Frame) => ({ ...rest, bytes: Buffer.from(some).toString('hex') })

describe('frames', () => {
  it('arrive as they were sent, in pieces of any size', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 90 })), (frames, cuts) => {
        let rest = Buffer.concat(frames.map(encodeFrame))
        const reader = new FrameReader()
        const found: Frame[] = []
        for (const cut of [...cuts, rest.length]) {
          found.push(...reader.take(rest.subarray(0, cut)))
          rest = rest.subarray(cut)
        }
        reader.end()
        assert.deepEqual(found.map(plain), frames.map(plain))
      }),
    )
  })

  it('are not taken for whole when they end too early', () => {
    fc.assert(
      fc.property(frame, fc.nat(), (one, at) => {
        const whole = encodeFrame(one)
        const reader = new FrameReader()
        assert.deepEqual(reader.take(whole.subarray(0, 1 + (at % (whole.length - 1)))), [])
        assert.throws(() => reader.end(), /ended within a frame/)
      }),
    )
  })

  it('are refused when they are malformed or too long', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 64 }), (garbage) => {
        fc.pre(garbage[0] !== 0x52 || garbage[1] !== 0x53)
        assert.throws(() => new FrameReader().take(Buffer.from(garbage)), FrameError)
      }),
    )
    const long = encodeFrame({ kind: 'note', subject: 0, number: 0, text: '', bytes: Buffer.alloc(0) })
    long.writeUInt32LE(0xffffffff, 12)
    assert.throws(() => new FrameReader().take(long), /a frame is too long/)
  })
})

type Value = string | number | Uint8Array | null | undefined
const value: fc.Arbitrary<Value> = fc.oneof(text, fc.double({ noNaN: true }), bytes, fc.constantFrom(null, undefined))

/** Packs a value with a mark that says what it is; undefined as a number that is null. */
function pack(packer: Packer, one: Value): void {
  const mark = one === undefined ? 3 : typeof one === 'number' ? 1 : one instanceof Uint8Array ? 2 : 0
  packer.small(mark)
  if (one instanceof Uint8Array) packer.bytesOf(one)
  else if (typeof one === 'number' || one === undefined) packer.numberOrNull(one ?? null)
  else packer.string(one)
}

function unpack(unpacker: Unpacker): Value {
  const mark = unpacker.small()
  if (mark === 2) return unpacker.bytesOf()
  if (mark === 0) return unpacker.stringOrNull()
  const number = unpacker.numberOrNull()
  return number === null ? undefined : number
}

describe('packed values', () => {
  it('are the same when they are taken out', () => {
    fc.assert(
      fc.property(fc.array(value), (values) => {
        const packer = new Packer()
        for (const one of values) pack(packer, one)
        const [sent] = new FrameReader().take(encodeFrame({ kind: 'request', subject: 1, number: 1, ...of(packer) }))
        const unpacker = new Unpacker(sent ?? of(packer))
        const found = values.map(() => unpack(unpacker))
        unpacker.end()
        const shown = (one: Value) => (one instanceof Uint8Array ? Buffer.from(one).toString('hex') : one)
        assert.deepEqual(found.map(shown), values.map(shown))
      }),
    )
  })

  it('that are cut short, or too many, are refused', () => {
    const packer = new Packer()
    packer.string('text')
    packer.number(1)
    const whole = of(packer)
    for (let length = 0; length < whole.bytes.length; length++) {
      const unpacker = new Unpacker({ ...whole, bytes: whole.bytes.subarray(0, length) })
      assert.throws(() => [unpacker.string(), unpacker.number()], FrameError, `${length} bytes`)
    }
    assert.throws(() => new Unpacker({ ...whole, text: 'tex' }).string(), FrameError)
    const unpacker = new Unpacker(whole)
    unpacker.string()
    assert.throws(() => unpacker.end(), FrameError)
  })
})

function of({ text: all, bytes: some }: Packer): Packed {
  return { text: all, bytes: some }
}

class Away extends Error {}
const errors: readonly ErrorForm[] = [
  {
    name: 'away',
    of: (error) => (error instanceof Away ? error.message : undefined),
    from: (why: string) => new Away(why),
  },
]

const methods = {
  add: (a: number, b: number) => a + b,
  bytes: async (some: Uint8Array) => Buffer.from(some).toString('hex'),
  fail: (): void => {
    throw new Away('not here')
  },
  break: (): void => {
    throw new TypeError('broken')
  },
  never: () => new Promise<void>(() => {}),
}

describe('a channel', () => {
  const folders: string[] = []
  after(() => folders.forEach(removeFolder))

  async function pair(): Promise<{ ours: Socket; theirs: Socket; end: () => void }> {
    const folder = temporaryFolder()
    folders.push(folder)
    const server = createServer().listen(join(folder, 'socket'))
    await once(server, 'listening')
    const ours = createConnection(join(folder, 'socket'))
    const [theirs] = (await once(server, 'connection')) as [Socket]
    const end = () => {
      ours.destroy()
      theirs.destroy()
      server.close()
    }
    return { ours, theirs, end }
  }

  const idle = { methods: {}, errors, closed: () => {} }

  it('brings results, and errors of the classes that both know', async () => {
    const { ours, theirs, end } = await pair()
    const told: string[] = []
    const channel = new Channel<typeof methods & { hear: (word: string) => void }>(ours, idle)
    new Channel(theirs, { ...idle, methods: { ...methods, hear: (word: string) => void told.push(word) } })
    channel.tell('hear', 'first')
    assert.equal(await channel.ask('add', 1, 2), 3)
    assert.deepEqual(told, ['first'])
    assert.equal(await channel.ask('bytes', Buffer.from('abc')), '616263')
    await assert.rejects(channel.ask('fail'), (error) => error instanceof Away && error.message === 'not here')
    await assert.rejects(channel.ask('break'), { name: 'Error', message: 'broken' })
    end()
  })

  it('brings packed requests of a megabyte', async () => {
    const { ours, theirs, end } = await pair()
    const channel = new Channel(ours, idle)
    new Channel(theirs, { ...idle, packed: async ({ text: all, bytes: some }) => ({ text: all, bytes: some }) })
    const sent = { text: 'ä'.repeat(500_000), bytes: Buffer.alloc(1_000_000, 7) }
    const { text: all, bytes: some } = await channel.pack(sent)
    assert.deepEqual([all === sent.text, Buffer.compare(some, sent.bytes)], [true, 0])
    end()
  })

  it('fails what waits when the other process is gone', async () => {
    const { ours, theirs, end } = await pair()
    let closed: Error | null | undefined
    const channel = new Channel<typeof methods>(ours, {
      ...idle,
      closed: (why) => {
        closed = why
      },
    })
    new Channel(theirs, { ...idle, methods })
    const waiting = channel.ask('never')
    theirs.destroy()
    await assert.rejects(waiting, ChannelClosed)
    await assert.rejects(channel.ask('add', 1, 2), ChannelClosed)
    assert.equal(closed, null)
    end()
  })

  it('ends with a clear error when garbage comes, or a frame is cut off, or names no method', async () => {
    const unknown = encodeFrame({ kind: 'request', subject: 0, number: 1, text: 'constructor', bytes: Buffer.alloc(0) })
    const unasked = encodeFrame({ kind: 'reply', subject: 0, number: 9, text: '', bytes: Buffer.alloc(0) })
    const unreadable = encodeFrame({ kind: 'note', subject: 0, number: 0, text: 'add', bytes: Buffer.from('garbage') })
    const cases: [Buffer, RegExp][] = [
      [Buffer.alloc(64, 'garbage'), /no frame/],
      [unknown.subarray(0, 20), /ended within a frame/],
      [unknown, /names an unknown method/],
      [unasked, /has no request/],
      [unreadable, /can not be read/],
    ]
    for (const [sent, message] of cases) {
      const { ours, theirs, end } = await pair()
      const closed = new Promise<Error | null>((resolve) => new Channel(theirs, { ...idle, methods, closed: resolve }))
      ours.end(sent)
      const why = await closed
      assert.ok(why instanceof FrameError, String(why))
      assert.match(why.message, message)
      assert.equal(theirs.destroyed, true)
      end()
    }
  })
})
