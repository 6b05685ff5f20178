// Fills a data folder with many CMKs, each with its version and material, through storage and MACs as the ledger writes them.
import { randomUUIDv7 } from 'node:crypto'
import { join } from 'node:path'
import { RootKeys } from '../src/cryptography/seal.ts'
import { readRootKeyFile } from '../src/keystore/root-key.ts'
import { SoftwareKeystore } from '../src/keystore/software.ts'
import { CMK, VERSION } from '../src/kms/records.ts'
import { type Change, insert, toRow } from '../src/ledger/record.ts'
import { openStorage } from '../src/storage/open.ts'
import type { RowChange } from '../src/storage/storage.ts'

const AT_ONCE = 2000

/** Adds `count` enabled keys to the account in the region; answers some of their ids, spread over all. */
export async function fill(data: string, account: string, region: string, count: number): Promise<string[]> {
  const rootKey = readRootKeyFile(join(data, 'root-key'))
  if (!rootKey) throw new Error(`${data} has no root key: start the program there first`)
  const keys = new RootKeys(rootKey)
  const keystore = new SoftwareKeystore(keys)
  const storage = await openStorage(join(data, 'strongroom.db'))
  const sample: string[] = []
  for (let done = 0; done < count; done += AT_ONCE) {
    const changes: Change[] = []
    for (let i = done; i < Math.min(done + AT_ONCE, count); i++) {
      const [id, versionId] = [randomUUIDv7(), randomUUIDv7()]
      if (i % Math.ceil(count / 1000) === 0) sample.push(id)
      const place = { account, region, createdAt: Date.now() }
      const material = await keystore.generate({ account, region, keyId: id, versionId })
      changes.push(insert(VERSION, { ...place, id: versionId, parent: id, body: { keyId: id, material } }))
      changes.push(
        insert(CMK, {
          ...place,
          id,
          body: {
            description: `key ${i}`,
            keySpec: 'Aliyun_AES_256',
            keyUsage: 'ENCRYPT/DECRYPT',
            origin: 'Aliyun_KMS',
            protectionLevel: 'SOFTWARE',
            state: 'Enabled',
            deleteAt: null,
            materialExpiresAt: null,
            primaryVersionId: versionId,
            lastRotationAt: place.createdAt,
            materialFingerprint: null,
            tags: [['Project', 'Apollo']],
          },
        }),
      )
    }
    const rows = changes.flatMap((change): RowChange[] =>
      change.change === 'insert' ? [{ change: 'insert', row: toRow(change.after, keys), counted: change.counted }] : [],
    )
    await storage.commit([{ changes: rows, nonce: null, event: null, scrub: false }])
    if (done % 100_000 === 0) process.stderr.write(`\r  ${done} of ${count} keys`)
  }
  process.stderr.write(`\r${' '.repeat(40)}\r`)
  await storage.close()
  return sample
}
