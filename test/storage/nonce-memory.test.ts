// The nonces that SQLite's owner keeps in memory (docs/decisions/0002-nonces-in-memory.md): none is forgotten before its time.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { NonceMemory } from '../../src/storage/nonce-memory.ts'
import { openSqlite } from '../../src/storage/sqlite.ts'
import { removeFolder, temporaryFolder } from '../acceptance/program.ts'
import { commit } from './chained.ts'

const digest = (n: number) => createHash('sha256').update(String(n)).digest().subarray(0, 16)

/** The lengths of all arrays of 32-bit numbers that are made until the test ends. */
function arraysMade(t: TestContext): readonly number[] {
  const lengths: number[] = []
  const construct = (array: typeof Uint32Array, [length]: [number]) => {
    lengths.push(length)
    return new array(length)
  }
  const original = globalThis.Uint32Array
  globalThis.Uint32Array = new Proxy(original, { construct })
  t.after(() => {
    globalThis.Uint32Array = original
  })
  return lengths
}

describe('the memory of nonces', () => {
  it('knows each of many nonces, and none other', () => {
    const memory = new NonceMemory()
    for (let i = 0; i < 50_000; i++) memory.add(digest(i), 1_000_000 * (i % 7))
    for (let i = 0; i < 50_000; i++) assert.ok(memory.has(digest(i)))
    for (let i = 50_000; i < 100_000; i++) assert.equal(memory.has(digest(i)), false)
  })

  it('grows in small steps', (t) => {
    const lengths = arraysMade(t)
    const memory = new NonceMemory()
    for (let i = 0; i < 50_000; i++) memory.add(digest(i), 1)
    // Of two numbers each, in tables at most half full.
    const longest = Math.max(...lengths)
    assert.ok(longest > 0 && longest < (4 * 50_000) / 16, `${longest}`)
  })

  it('is small for the nonces of a single batch', (t) => {
    const lengths = arraysMade(t)
    new NonceMemory().add(digest(1), 1)
    assert.equal(lengths.length, 1)
  })

  it('takes digests of zeros like any other', () => {
    const memory = new NonceMemory()
    assert.equal(memory.has(new Uint8Array(16)), false)
    memory.add(new Uint8Array(16), 1)
    assert.equal(memory.has(new Uint8Array(16)), true)
  })

  it('forgets none before its time, and all some minutes after', () => {
    const memory = new NonceMemory()
    for (let i = 0; i < 1000; i++) memory.add(digest(i), i * 1000)
    memory.drop(500_000)
    for (let i = 500; i < 1000; i++) assert.ok(memory.has(digest(i)))
    memory.drop(2_000_000)
    for (let i = 0; i < 1000; i++) assert.equal(memory.has(digest(i)), false)
  })

  it('comes back with the database: a restart takes no replay', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'nonces.db')
    const used = (i: number) => [
      { changes: [], nonce: { digest: digest(i), expiresAt: 1e12 }, event: null, scrub: false },
    ]
    const first = openSqlite(path)
    for (let i = 0; i < 2500; i++) assert.deepEqual(await commit(first, used(i)), ['committed'])
    await first.close()
    const second = openSqlite(path)
    for (let i = 0; i < 2500; i++) assert.deepEqual(await commit(second, used(i)), ['nonce-used'])
    assert.deepEqual(await commit(second, used(2500)), ['committed'])
    await second.close()
    removeFolder(folder)
  })
})
