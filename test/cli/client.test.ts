// Parts of the command line that call: following pages, waiting, tables.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable, Writable } from 'node:stream'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { optional, type Parameters, text } from '../../src/api/parameters.ts'
import type { Answered } from '../../src/cli/ask.ts'
import { commandLine } from '../../src/cli/command-line.ts'
import { FORMATS, readMaterial } from '../../src/cli/material.ts'
import { everyPage } from '../../src/cli/pages.ts'
import type { Surroundings } from '../../src/cli/surroundings.ts'
import { tableOf } from '../../src/cli/table.ts'
import { statesIn, waitUntil } from '../../src/cli/wait.ts'
import { pageNumber, pageSize } from '../../src/kms/parameters.ts'

const page = (answer: Answered['answer'], status = 200): Answered => ({ status, answer: { RequestId: 'r', ...answer } })
const token = optional(text({ max: 100 }), null)
const NUMBERED: Parameters = { PageNumber: pageNumber, PageSize: pageSize }

/** A server's list of so many items, by pages of each kind. */
const LISTS: Record<
  string,
  { declared: Parameters; read: (asked: ReadonlyMap<string, string>, total: number) => Answered }
> = {
  PageNumber: {
    declared: NUMBERED,
    read: (asked, total) => {
      const [number, size] = [Number(asked.get('PageNumber')), Number(asked.get('PageSize'))]
      const Key = range(total).slice((number - 1) * size, number * size)
      return page({ Keys: { Key }, TotalCount: total, PageNumber: number, PageSize: size })
    },
  },
  Marker: {
    declared: { Marker: token },
    read: (asked, total) => {
      const start = Number(asked.get('Marker') ?? 0)
      const more = start + 3 < total
      const User = range(total).slice(start, start + 3)
      return page({ Users: { User }, IsTruncated: more, ...(more && { Marker: String(start + 3) }) })
    },
  },
  NextToken: {
    declared: { NextToken: token },
    read: (asked, total) => {
      const start = Number(asked.get('NextToken') ?? 0)
      return page({
        Events: range(total).slice(start, start + 4),
        NextToken: start + 4 < total ? String(start + 4) : '',
      })
    },
  },
}
const range = (length: number) => Array.from({ length }, (_, i) => i)

describe('following pages', () => {
  for (const [kind, { declared, read }] of Object.entries(LISTS))
    it(`finds each item once, in its order, by ${kind}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(40), fc.integer({ min: 1, max: 9 }), async (total, size) => {
          const given = new Map([
            ['Action', 'List'],
            ...(kind === 'PageNumber' ? ([['PageSize', `${size}`]] as const) : []),
          ])
          const { answer } = await everyPage(
            declared,
            given,
            async (asked) => read(asked, total),
            () => undefined,
          )
          const { RequestId, TotalCount = total, ...list } = answer
          assert.deepEqual([RequestId, TotalCount], ['r', total])
          const [items, ...others] = Object.values(list).map((one) =>
            Array.isArray(one) ? one : Object.values(one as object)[0],
          )
          assert.deepEqual([items, others], [range(total), []])
        }),
      )
    })

  it('asks for the largest pages, ends with a refusal, and does not go round in circles', async () => {
    const asked: (string | undefined)[] = []
    const refused = await everyPage(
      NUMBERED,
      new Map(),
      async (parameters) => {
        asked.push(parameters.get('PageSize'))
        return asked.length < 3 ? page({ Keys: { Key: [1] }, TotalCount: 9 }) : page({ Code: 'Throttling' }, 400)
      },
      () => undefined,
    )
    assert.deepEqual([asked, refused.answer['Code']], [['100', '100', '100'], 'Throttling'])
    const circle = async () => page({ Events: [1], NextToken: 'same' })
    await assert.rejects(
      everyPage({ NextToken: token }, new Map(), circle, () => undefined),
      /endless pages/,
    )
    // Items that are removed meanwhile leave an empty page at the end.
    const shrinking = async (parameters: ReadonlyMap<string, string>) =>
      page({ Keys: { Key: parameters.get('PageNumber') === '1' ? [1] : [] }, TotalCount: 5 })
    assert.deepEqual((await everyPage(NUMBERED, new Map(), shrinking, () => undefined)).answer['Keys'], { Key: [1] })
  })
})

describe('reading key material', () => {
  const around = (bytes: Buffer) => ({ input: () => Readable.from([bytes]) }) as unknown as Surroundings

  it('reads what Buffer writes, in each format, and nothing of another length', async () => {
    const lengths = fc.constantFrom(16, 32)
    await fc.assert(
      fc.asyncProperty(lengths, fc.uint8Array({ minLength: 32, maxLength: 32 }), async (length, bytes) => {
        const material = Buffer.from(bytes.subarray(0, length))
        for (const format of FORMATS) {
          const written = format === 'raw' ? Buffer.from(material) : Buffer.from(`${material.toString(format)}\r\n`)
          const read = await readMaterial('-', format, length, around(Buffer.from(written)))
          assert.deepEqual(read, material)
          await assert.rejects(readMaterial('-', format, 48 - length, around(written)), /standard input/)
        }
      }),
    )
  })

  it('refuses invalid digits, and Base64 whose last bits belong to no byte', async () => {
    const texts = {
      hex: ['g0'.repeat(16), '0'.repeat(31)],
      base64: [`${'A'.repeat(21)}B==`, `${'A'.repeat(21)}-==`, 'A'.repeat(24)],
    }
    for (const [format, all] of Object.entries(texts))
      for (const text of all)
        await assert.rejects(readMaterial('-', format as 'hex', 16, around(Buffer.from(text))), /is not 16 bytes in/)
    await assert.rejects(readMaterial('-', 'raw', 16, around(Buffer.alloc(5000))), /longer than 1024 bytes/)
  })
})

describe('waiting', () => {
  it('calls until the state is reached, or the time is over, with pauses that grow', async () => {
    for (const [reachedAt, reached] of [
      [7, true],
      [1000, false],
    ] as const) {
      let [time, calls] = [0, 0]
      const pauses: number[] = []
      const pace = {
        now: () => time,
        pause: async (ms: number) => {
          pauses.push(ms)
          time += ms
        },
      }
      const call = async () => page({ KeyState: ++calls >= reachedAt ? 'Enabled' : 'Creating' })
      const outcome = await waitUntil(call, (answer) => answer['KeyState'] === 'Enabled', 60_000, pace)
      assert.equal(outcome.reached, reached)
      assert.ok(pauses.every((ms) => ms > 0 && ms <= 5000) && time <= 60_000, `${pauses}`)
      assert.equal(calls, pauses.length + 1)
      if (!reached) assert.ok(time === 60_000 && calls < 30, `${calls} calls in ${time} ms`)
    }
  })

  it('ends with a refusal, and finds states wherever they are', async () => {
    const pace = { now: () => 0, pause: async () => assert.fail('it waits') }
    const refused = await waitUntil(
      async () => page({ Code: 'x' }, 404),
      () => true,
      1000,
      pace,
    )
    assert.deepEqual([refused.reached, refused.last.status], [false, 404])
    assert.deepEqual(statesIn({ Keys: [{ KeyState: 'Enabled', Name: 'Status' }], Status: 'Created', State: 1 }), [
      'Enabled',
      'Created',
    ])
  })
})

describe('the line that shows progress', () => {
  it('is empty before anything else is written', async () => {
    const server = createServer((_, response) =>
      response.setHeader('content-type', 'application/json').end('{"KeyState":"Enabled","RequestId":"r"}'),
    )
    try {
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const written: string[] = []
      const write = (text: string) => void written.push(text)
      const around: Surroundings = {
        env: { ALIBABA_CLOUD_ACCESS_KEY_ID: 'id', ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'secret' },
        readFile: () => assert.fail('no file is read'),
        print: () => write('the answer'),
        complain: write,
        status: (text) => write(`progress: ${text}`),
        output: new Writable(),
        input: () => Readable.from([]),
        printsToTerminal: true,
        terminal: true,
        ask: null,
      }
      const words = [
        'kms',
        'DescribeKey',
        '--KeyId',
        'k',
        '--wait',
        'Disabled',
        '--timeout',
        '0',
        '--endpoint',
        endpoint,
      ]
      assert.equal(await commandLine(words, around), 3)
      assert.deepEqual(written, [
        'progress: Enabled, waiting for Disabled',
        'progress: ',
        'not reached within 0 s; the last answer follows',
        'progress: ',
        'the answer',
      ])
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})

describe('a table', () => {
  it('has lists as rows and members as lines, in columns that fit', () => {
    const list = {
      Users: {
        User: [
          { Name: 'a', Tags: ['x'] },
          { Name: '中文', Age: 1 },
        ],
      },
      TotalCount: 2,
    }
    assert.equal(tableOf(list, false), 'Name  Tags   Age\na     ["x"]\n中文         1\n\nTotalCount  2')
    assert.equal(tableOf({ Key: { Id: 'k' }, Text: 't' }, false), 'Key.Id  k\nText    t')
    assert.equal(tableOf([], false), '(none)')
    assert.equal(tableOf(['a', 'b'], false), 'a\nb')
    assert.equal(tableOf({ A: 'b' }, true), '\x1b[1mA\x1b[22m  b')
  })

  it('shows control characters by their numbers, so that none reaches the terminal', () => {
    assert.equal(tableOf({ Description: 'a\x1b[2Jb\u009bc\n' }, false), 'Description  a\\u001b[2Jb\\u009bc\\u000a')
  })
})

describe('text from outside', () => {
  /** What the command line writes about an answer, with these words after the operation. */
  async function written(status: number, answer: object, words: readonly string[], printsToTerminal: boolean) {
    await using server = createServer((_, response) => {
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ RequestId: 'r', ...answer }))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const lines: string[] = []
    const around: Surroundings = {
      env: { ALIBABA_CLOUD_ACCESS_KEY_ID: 'id', ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'secret', NO_COLOR: '1' },
      readFile: () => assert.fail('no file is read'),
      print: (text) => void lines.push(text),
      complain: (text) => void lines.push(text),
      status: () => {},
      output: new Writable(),
      input: () => Readable.from([]),
      printsToTerminal,
      terminal: printsToTerminal,
      ask: null,
    }
    await commandLine(['kms', 'DescribeKey', '--KeyId', 'k', '--endpoint', endpoint, ...words], around)
    return lines
  }

  const hostile = 'a\u009b2Jb\x1b]0;c\u202ed\ne'
  const answer = { Description: hostile }
  const harmless = 'a\\u009b2Jb\\u001b]0;c\\u202ed'

  it('does not command a terminal', async () => {
    const [json = ''] = await written(200, answer, [], true)
    assert.equal(json, `{\n  "RequestId": "r",\n  "Description": "${harmless}\\ne"\n}`)
    assert.deepEqual(JSON.parse(json), { RequestId: 'r', ...answer })
    const [yaml = ''] = await written(200, answer, ['--output', 'yaml'], true)
    const [table = ''] = await written(200, answer, ['--output', 'table'], true)
    for (const text of [yaml, table]) assert.doesNotMatch(text, /[^\P{C}\n]/u)
    assert.deepEqual(await written(200, answer, ['--print', 'Description'], true), [`${harmless}\ne`])
  })

  it('reaches a file or a pipe as it is', async () => {
    assert.deepEqual(JSON.parse((await written(200, answer, [], false)).join()), { RequestId: 'r', ...answer })
    assert.deepEqual(await written(200, answer, ['--print', 'Description'], false), [hostile])
  })

  it('makes no line of its own in a refusal', async () => {
    const refusal = { Code: 'Forbidden', Message: hostile }
    for (const terminal of [true, false])
      assert.deepEqual(await written(403, refusal, [], terminal), [`Forbidden: ${harmless}\\u000ae (RequestId r)`])
  })
})
