// Fills a data folder with many CMKs, each with its version and material. Writes rows and MACs as the ledger does.
import { randomUUIDv7 } from 'node:crypto'
import { join } from 'node:path'
import { openRing } from '../src/house/installation.ts'
import { PairThreads } from '../src/keystore/pair-threads.ts'
import { ReservedUses } from '../src/keystore/reserved-uses.ts'
import type { RootKeys } from '../src/keystore/root-keys.ts'
import { SoftwareKeystore } from '../src/keystore/software.ts'
import { newSoftwareKey } from '../src/kms/key-state.ts'
import { KMS_INDEX } from '../src/kms/record-index.ts'
import { ALIAS, CMK, VERSION } from '../src/kms/records.ts'
import { chaining } from '../src/ledger/chain.ts'
import { type Change, INSTALLATION, insert, toRow } from '../src/ledger/record.ts'
import { ACCESS_KEY, AccessKeys } from '../src/ram/access-key.ts'
import { newAccessKeyId, newAccessKeySecret, newUserId } from '../src/ram/identifiers.ts'
import { ramScope, USER, USER_NAME } from '../src/ram/records.ts'
import { randomBytes } from '../src/runtime/random.ts'
import { SYSTEM } from '../src/runtime/system.ts'
import { readSettings } from '../src/settings/settings.ts'
import { openStorage } from '../src/storage/open.ts'
import type { RowChange, Storage } from '../src/storage/storage.ts'

const AT_ONCE = 2000

/**
 * Adds `count` enabled keys with tags, some with aliases, to the account in the region. Returns some of their ids, spread over all keys.
 */
export async function fill(data: string, account: string, region: string, count: number): Promise<string[]> {
  const storage = await openStorage(join(data, 'strongroom.db'), { indexing: KMS_INDEX, notice: () => {} })
  const keys = await rootKeysOf(data, storage)
  const uses = new ReservedUses({ note: () => {}, reserve: async (_, count) => count }, () => {})
  const keystore = new SoftwareKeystore(keys, SYSTEM, new PairThreads(1), uses)
  const sample: string[] = []
  for (let done = 0; done < count; done += AT_ONCE) {
    const changes: Change[] = []
    for (let i = done; i < Math.min(done + AT_ONCE, count); i++) {
      const [id, versionId] = [randomUUIDv7(), randomUUIDv7()]
      if (i % Math.ceil(count / 1000) === 0) sample.push(id)
      const place = { account, region, createdAt: Date.now() }
      const material = await keystore.generate({
        account,
        region,
        keyId: id,
        versionId,
        keySpec: 'Aliyun_AES_256',
        protectionLevel: 'SOFTWARE',
      })
      changes.push(insert(VERSION, { ...place, id: versionId, parent: id, body: { keyId: id, material } }))
      if (i % 100 === 0)
        changes.push(insert(ALIAS, { ...place, id: `alias/orders-${i}`, parent: id, body: { keyId: id } }))
      changes.push(
        insert(CMK, {
          ...place,
          id,
          body: {
            ...newSoftwareKey(versionId, place.createdAt),
            description: `key ${i} of the service that takes orders in department ${i % 97}`,
            tags: [
              ['Project', 'Apollo'],
              ['Owner', `team-${i % 50}`],
            ],
          },
        }),
      )
    }
    await write(changes, storage, keys)
    if (done % 100_000 === 0) process.stderr.write(`\r  ${done} of ${count} keys`)
  }
  process.stderr.write(`\r${' '.repeat(40)}\r`)
  await storage.close()
  return sample
}

/** The root keys of a data folder's database. */
export async function rootKeysOf(data: string, storage: Storage): Promise<RootKeys> {
  const settings = readSettings(['--data', data], {}, () => '')
  return (await openRing({ settings, storage, device: null, alarm: console.error, runtime: SYSTEM }, Date.now())).keys
}

async function write(changes: readonly Change[], storage: Storage, keys: RootKeys): Promise<void> {
  const rows = changes.flatMap((change): RowChange[] =>
    change.change === 'insert' ? [{ change: 'insert', row: toRow(change.after, keys), counted: change.counted }] : [],
  )
  await storage.commit([{ changes: rows, nonce: null, event: null, scrub: false }], chaining(keys), null)
}

/** Adds `count` users with two AccessKeys each and one policy. Returns the credentials of some, spread over all users. */
export async function fillUsers(data: string, account: string, policy: string, count: number) {
  const storage = await openStorage(join(data, 'strongroom.db'))
  const keys = await rootKeysOf(data, storage)
  const accessKeys = new AccessKeys(keys, SYSTEM)
  const sample: { accessKeyId: string; accessKeySecret: string }[] = []
  const now = Date.now()
  for (let done = 0; done < count; done += AT_ONCE) {
    const changes: Change[] = []
    for (let i = done; i < Math.min(done + AT_ONCE, count); i++) {
      const [id, userName] = [newUserId({ randomBytes }), `user-${i}`]
      const pairs = [0, 1].map(() => ({
        accessKeyId: newAccessKeyId({ randomBytes }),
        accessKeySecret: newAccessKeySecret({ randomBytes }),
      }))
      if (i % Math.ceil(count / 1000) === 0) sample.push(...pairs.slice(0, 1))
      const body = {
        userName,
        displayName: userName,
        mobilePhone: '',
        email: '',
        comments: '',
        updatedAt: now,
        groups: [],
        policies: [{ policy, attachedAt: now }],
        accessKeyIds: pairs.map(({ accessKeyId }) => accessKeyId),
        loginProfile: null,
      }
      changes.push(insert(USER, { ...ramScope(account), id, createdAt: now, body }))
      changes.push(insert(USER_NAME, { ...ramScope(account), id: userName, createdAt: now, body: { id } }))
      for (const { accessKeyId, accessKeySecret } of pairs) {
        const sealedSecret = accessKeys.seal(accessKeyId, accessKeySecret)
        const keyBody = { accountId: account, userId: id, sealedSecret, status: 'Active' } as const
        changes.push(insert(ACCESS_KEY, { ...INSTALLATION, id: accessKeyId, createdAt: now, body: keyBody }))
      }
    }
    await write(changes, storage, keys)
  }
  await storage.close()
  return sample
}
