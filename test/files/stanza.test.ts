// The stanza, as docs/reference/age-stanza.md has it: its example was computed by a program that is none of ours (Python's cryptography).
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { AgeFault, encodeStanza, StanzaLines } from '../../src/cryptography/age-header.ts'
import { openStanza, readStanza, sealStanza } from '../../src/files/stanza.ts'

const page = readFileSync(new URL('../../docs/reference/age-stanza.md', import.meta.url), 'utf8')
const [, example = ''] = page.split('## Example')
const hex = (name: string) =>
  Buffer.from(new RegExp(`\\| ${name} +\\| \`([0-9a-f]+)\``).exec(example)?.[1] ?? '', 'hex')
const [, text = ''] = /```\n([^`]+)```/.exec(example) ?? []

describe('the stanza', () => {
  it('is the one of its page', () => {
    const [dataKey, fileKey] = [hex('data key'), hex('file key')]
    assert.deepEqual([dataKey.length, fileKey.length], [32, 16])
    const encrypted = {
      keyId: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
      region: 'cn-hangzhou',
      blob: Buffer.from('an encrypted data key'),
      context: new Map([['project', 'apollo']]),
    }
    assert.equal(encodeStanza(sealStanza(fileKey, dataKey, encrypted)), text)
    const lines = new StanzaLines()
    const [read] = text
      .trimEnd()
      .split('\n')
      .flatMap((line) => lines.take(line) ?? [])
    const own = read && readStanza(read)
    assert.ok(own)
    const { stanza: _, ...rest } = own
    assert.deepEqual(rest, encrypted)
    assert.deepEqual(openStanza(own, dataKey), fileKey)
    assert.equal(openStanza(own, Buffer.alloc(32)), null)
  })

  it('opens only under the line that it was made with', () => {
    const [dataKey, fileKey] = [hex('data key'), hex('file key')]
    const encrypted = { keyId: 'k', region: null, blob: Buffer.from('b'), context: new Map() }
    const { args, body } = sealStanza(fileKey, dataKey, encrypted)
    assert.deepEqual(args, ['strongroom', 'k', '-', 'Yg', 'e30'])
    for (const other of [
      ['j', '-', 'Yg', 'e30'],
      ['k', 'r', 'Yg', 'e30'],
      ['k', '-', 'Yw', 'e30'],
      ['k', '-', 'Yg', 'eyJhIjoiYiJ9'],
    ]) {
      const own = readStanza({ args: ['strongroom', ...other], body })
      assert.equal(own && openStanza(own, dataKey), null, other.join(' '))
      assert.ok(own)
    }
  })

  it('is left to others, or malformed', () => {
    const body = Buffer.alloc(32)
    assert.equal(readStanza({ args: ['X25519', 'a'], body }), null)
    for (const line of [
      '',
      'k',
      'k - Yg',
      'k - Yg e30 e30',
      'k - Yg= e30',
      'k - Yh e30',
      'k - Yg W10',
      'k - Yg bnVsbA',
      'k - Yg eyJhIjoxfQ',
      'k - Yg eA',
    ])
      assert.throws(() => readStanza({ args: ['strongroom', ...line.split(' ')], body }), AgeFault, line)
    assert.throws(() => readStanza({ args: ['strongroom', 'k', '-', 'Yg', 'e30'], body: body.subarray(1) }), AgeFault)
  })
})
