// Tampering with what was delivered: whatever is altered, removed, added or reordered is found, and named.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { type VerifyDeliveredOptions, verifyDelivered } from '../../../src/actiontrail/delivery/verify-delivered.ts'
import { removeFolder, temporaryFolder } from '../../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../../house.ts'
import { copyIn, digestsIn, filesBelow, objectsIn, trailsOf } from '../trails.ts'

describe('verifyDelivered', () => {
  let house: TestHouse
  let original: string
  let publicKey: string
  const copies: string[] = []
  before(async () => {
    house = await openTestHouse(null)
    const trails = trailsOf(house)
    await trails.must('CreateTrail', { Name: 'checked', OssBucketName: 'checked', OssKeyPrefix: 'audit/kms' })
    await trails.must('StartLogging', { Name: 'checked' })
    for (let round = 0; round < 5; round++) {
      for (const RegionId of ['cn-hangzhou', 'cn-beijing']) await house.must('CreateKey', { RegionId })
      house.now += 300_000
      await house.deliver()
    }
    original = join(house.data, 'trails', house.credentials.accountId, 'checked')
    publicKey = house.open.trailSigner.publicKey
  })
  after(async () => {
    copies.forEach(removeFolder)
    await house[Symbol.asyncDispose]()
  })

  const copied = () => {
    const copy = temporaryFolder()
    copies.push(copy)
    cpSync(original, copy, { recursive: true })
    return copy
  }
  const check = (copy: string, options?: VerifyDeliveredOptions) => verifyDelivered(copyIn(copy), publicKey, options)
  const alter = (copy: string, path: string, change: (text: Buffer) => Buffer | string) =>
    writeFileSync(join(copy, path), change(readFileSync(join(copy, path))))

  it('finds nothing wrong with a true copy, wherever it lies', async () => {
    let progress: [number, number] = [0, 0]
    const verdict = await check(copied(), { progress: (...done) => (progress = done) })
    const { account, chain, ...rest } = verdict.chains[0] ?? { account: '', chain: '' }
    assert.deepEqual(
      { ...verdict, chains: [rest] },
      {
        objects: 10,
        digests: 5,
        events: 11,
        chains: [{ trail: 'checked', last: 5, lastTime: `${new Date(house.now).toISOString().slice(0, 19)}Z` }],
        missingEvents: [],
        uncovered: [],
        fault: null,
      },
    )
    assert.deepEqual(progress, [15, 15])
    assert.equal((await check(join(original, '..', '..'))).fault, null)
    const { DigestChain, LatestDigestNumber } = await trailsOf(house).must('GetTrailStatus', { Name: 'checked' })
    assert.deepEqual([chain, 5], [DigestChain, LatestDigestNumber])
    for (const expected of [{ number: 5 }, { number: 5, chain: DigestChain }])
      assert.equal((await check(original, { expected })).fault, null)
  })

  /** What is done to a copy, and the file that the fault must name. */
  const tampering: readonly [sentence: string, tamper: (copy: string) => string, says: RegExp][] = [
    [
      'an object whose events were altered',
      (copy) => {
        const path = objectsIn(copy)[3] ?? ''
        alter(copy, path, (bytes) => {
          const altered = gunzipSync(bytes).toString('utf8').replace('CreateKey', 'DeleteKey')
          return gzipSync(altered)
        })
        return path
      },
      /was altered/,
    ],
    [
      'an object with one bit flipped',
      (copy) => {
        const path = objectsIn(copy)[0] ?? ''
        alter(copy, path, (bytes) => {
          bytes[40] = (bytes[40] ?? 0) ^ 1
          return bytes
        })
        return path
      },
      /was altered/,
    ],
    [
      'an object that is missing',
      (copy) => {
        const path = objectsIn(copy)[5] ?? ''
        rmSync(join(copy, path))
        return path
      },
      /is missing/,
    ],
    [
      'an object that was added',
      (copy) => {
        const path = objectsIn(copy)[0] ?? ''
        const added = path.replace(/[0-9a-f]{32}/, '0'.repeat(32))
        cpSync(join(copy, path), join(copy, added))
        return added
      },
      /was added/,
    ],
    [
      'a file of another kind that was added',
      (copy) => {
        const added = join(dirname(objectsIn(copy)[0] ?? ''), 'note.txt')
        writeFileSync(join(copy, added), 'x')
        return added
      },
      /was added/,
    ],
    [
      'two objects that changed places',
      (copy) => {
        const [one = '', two = ''] = objectsIn(copy)
        renameSync(join(copy, one), join(copy, 'kept'))
        renameSync(join(copy, two), join(copy, one))
        renameSync(join(copy, 'kept'), join(copy, two))
        return one
      },
      /was altered/,
    ],
    [
      'a digest that was altered',
      (copy) => {
        const path = digestsIn(copy)[2] ?? ''
        alter(copy, path, (bytes) => bytes.toString('utf8').replace('"events":1', '"events":2'))
        return path
      },
      /was altered/,
    ],
    [
      'a digest to which something was added that is not signed',
      (copy) => {
        const path = digestsIn(copy)[2] ?? ''
        alter(copy, path, (bytes) => bytes.toString('utf8').replace(/}\n$/, ',"note":1}\n'))
        return path
      },
      /was altered/,
    ],
    [
      'a signature that is spelled in another way',
      (copy) => {
        const path = digestsIn(copy)[4] ?? ''
        alter(copy, path, (bytes) =>
          bytes
            .toString('utf8')
            .replace(/(.)==/, (_, last: string) => `${String.fromCharCode(last.charCodeAt(0) + 1)}==`),
        )
        return path
      },
      /was altered/,
    ],
    [
      'a digest that is missing in the middle',
      (copy) => {
        const path = digestsIn(copy)[2] ?? ''
        rmSync(join(copy, path))
        return path
      },
      /is missing/,
    ],
    [
      'a digest missing together with its objects',
      (copy) => {
        const path = digestsIn(copy)[1] ?? ''
        const { digest } = JSON.parse(readFileSync(join(copy, path), 'utf8'))
        for (const { name } of digest.objects) rmSync(join(copy, name))
        rmSync(join(copy, path))
        return path
      },
      /is missing/,
    ],
    [
      'a beginning that is missing',
      (copy) => {
        rmSync(join(copy, digestsIn(copy)[0] ?? ''))
        return digestsIn(copy)[0] ?? ''
      },
      /the beginning of the chain .* number 2/,
    ],
    [
      'two digests that changed places',
      (copy) => {
        const [, one = '', two = ''] = digestsIn(copy)
        renameSync(join(copy, one), join(copy, 'kept'))
        renameSync(join(copy, two), join(copy, one))
        renameSync(join(copy, 'kept'), join(copy, two))
        return one
      },
      /not in its place/,
    ],
    [
      'a digest that was moved',
      (copy) => {
        const [one = ''] = digestsIn(copy)
        const elsewhere = one.replace('cn-hangzhou/2026', 'cn-beijing/2026')
        mkdirSync(dirname(join(copy, elsewhere)), { recursive: true })
        renameSync(join(copy, one), join(copy, elsewhere))
        return elsewhere
      },
      /not in its place/,
    ],
    [
      'a file that is no digest among them',
      (copy) => {
        const added = join(dirname(digestsIn(copy)[0] ?? ''), 'extra.json')
        writeFileSync(join(copy, added), '{}')
        return added
      },
      /was altered, or another installation signed it/,
    ],
  ]
  for (const [sentence, tamper, says] of tampering)
    it(`names ${sentence}`, async () => {
      const copy = copied()
      const path = tamper(copy)
      const { fault } = await check(copy)
      assert.match(fault ?? 'nothing found', says)
      assert.ok(fault?.includes(path), `${fault} names ${path}`)
    })

  it('notices an end that is missing when the expected end is given', async () => {
    const copy = copied()
    const last = digestsIn(copy).at(-1) ?? ''
    const { digest } = JSON.parse(readFileSync(join(copy, last), 'utf8'))
    for (const { name } of digest.objects) rmSync(join(copy, name))
    rmSync(join(copy, last))
    assert.equal((await check(copy)).fault, null)
    assert.match(
      (await check(copy, { expected: { number: 5 } })).fault ?? '',
      /the end of the chain .* number 4, expected is 5/,
    )
    assert.match(
      (await check(copy, { expected: { number: 1, chain: 'other' } })).fault ?? '',
      /the end of the chain other/,
    )
  })

  it('tells objects that no digest covers yet', async () => {
    const copy = copied()
    const last = digestsIn(copy).at(-1) ?? ''
    rmSync(join(copy, last))
    const { fault, uncovered, objects } = await check(copy)
    assert.deepEqual([fault, uncovered.length, objects], [null, 2, 8])
  })

  it('names the digest when another key signed', async () => {
    const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }) as string
    const { fault } = await verifyDelivered(copyIn(original), other)
    assert.ok(fault?.includes(digestsIn(original)[0] ?? '?'), fault ?? '')
    await assert.rejects(verifyDelivered(copyIn(original), 'no key'))
  })

  it('finds whichever byte is flipped, in any file', async () => {
    const files = filesBelow(original)
    for (let round = 0; round < 60; round++) {
      const path = files[round % files.length] ?? ''
      const bytes = readFileSync(join(original, path))
      const at = Math.floor(Math.random() * bytes.length)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (round % 8))
      const copy = copyIn(original)
      const flipped = { list: copy.list, read: async (one: string) => (one === path ? bytes : copy.read(one)) }
      const { fault } = await verifyDelivered(flipped, publicKey)
      assert.ok(fault?.includes(path), `byte ${at} of ${path}: ${fault}`)
    }
  })

  it('finds nothing wrong with a copy whose prefix has empty segments, which no folder keeps', async () => {
    const trails = trailsOf(house)
    await trails.must('CreateTrail', { Name: 'slashes', OssBucketName: 'slashes', OssKeyPrefix: 'audit//kms/' })
    await trails.must('StartLogging', { Name: 'slashes' })
    house.now += 300_000
    await house.deliver()
    const { fault, digests, objects } = await check(join(dirname(original), 'slashes'))
    assert.deepEqual([fault, digests, objects], [null, 1, 1])
  })
})
