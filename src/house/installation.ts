// Opens the root keys of a database. Sets up an empty database: its ring of root keys, what wraps them, and the first head of its chain of
// events.
import { newSigningKey } from '../actiontrail/audit/signing-key.ts'
import { encodeRing, wipeRing } from '../cryptography/ring.ts'
import { HsmRootKeyProvider } from '../keystore/pkcs11/root-key.ts'
import { realKeyPath } from '../keystore/root-key.ts'
import { RootKeys } from '../keystore/root-keys.ts'
import { chaining, firstHead, GENESIS, generationOf } from '../ledger/chain.ts'
import { authentic, toRow } from '../ledger/record.ts'
import { removeFormerKeyFile } from '../rootkeys/change-provider.ts'
import { type InstallationBody, newInstallation, readInstallation } from '../rootkeys/installation-record.ts'
import { LiveRing } from '../rootkeys/live-ring.ts'
import { defaultRootKeyPath, rootKeyPath } from '../settings/root-key.ts'
import type { Settings } from '../settings/settings.ts'
import { MOST_LANES } from '../storage/lane.ts'
import { HEAD_PLACE, type RowChange, type Storage } from '../storage/storage.ts'
import { newHsmTag } from './hsm.ts'
import { candidatesOf, newProvider, type Source } from './root-key-providers.ts'

/**
 * The root keys of the database; sets up an empty one. Rejects with an error that says what to change, and with PinNeeded where only the
 * HSM's PIN is missing.
 */
export async function openRing(source: Source, now: number): Promise<LiveRing> {
  const { settings, storage } = source
  const row = await readInstallation(storage)
  if (!row) return setUp(source, now)
  const ring = await LiveRing.open(row, storage, (body) => candidatesOf(source, body))
  const { formerKeyFile, dev, rootKey } = ring.record.body
  checkDev(dev === true, settings)
  await checkHeads(storage, ring.keys)
  checkProvider(rootKey, settings)
  if (formerKeyFile) await removeFormer(formerKeyFile, ring, source)
  return ring
}

/**
 * Refuses an older installation record, which would bring dropped root keys back. The heads of the trail record the generation of the
 * newest root keys.
 */
async function checkHeads(storage: Storage, keys: RootKeys): Promise<void> {
  const { kind, account, region } = HEAD_PLACE
  const heads = await storage.between({ kind, account, region }, '', '~', MOST_LANES)
  if (heads.some((head) => authentic(head, keys) && generationOf(head, keys) > keys.generation))
    throw new Error(
      'the installation record is an older one: the trail went on under newer root keys; restore the database as a whole, from one backup',
    )
}

function checkProvider(present: string, { rootKeyProvider }: Settings): void {
  if (rootKeyProvider !== null && rootKeyProvider !== present)
    throw new Error(
      `root-key-provider is \`${rootKeyProvider}\`, but this database's root key comes from \`${present}\`: remove the setting, or see \`strongroom root-key change-provider\``,
    )
}

/** A database whose clock can be moved must never hold keys that protect anything. */
function checkDev(store: boolean, { dev }: Settings): void {
  if (store && !dev)
    throw new Error('this database was made with --dev, where the clock can be moved: start with --dev')
  if (!store && dev)
    throw new Error('this database was made without --dev: choose another folder with --data, or another database')
}

/** Removes the key file that an interrupted change of the provider left behind, and clears the note of that file in the record. */
async function removeFormer(former: string, ring: LiveRing, { settings, alarm }: Source): Promise<void> {
  const paths = new Set([rootKeyPath(settings), defaultRootKeyPath(settings)].map(realKeyPath))
  for (const path of paths)
    for (const left of removeFormerKeyFile(path, former))
      alarm('a former root key file could not be removed', new Error(left))
  await ring.change({ body: { formerKeyFile: null } })
}

/** Sets up an empty database. Where another server commits its set-up first, that set-up counts. */
async function setUp(source: Source, now: number): Promise<LiveRing> {
  const { storage, settings, runtime } = source
  const tag = newHsmTag(now, runtime).after
  const { provider, salt } = await newProvider(source, tag.body.tag, now)
  const ring = { generation: 1, roots: [runtime.randomBytes(32)], fingerprintKey: runtime.randomBytes(32) }
  const bytes = encodeRing(ring)
  const wrapped = Buffer.from(await provider.wrap(bytes)).toString('base64')
  const keys = new RootKeys(ring)
  bytes.fill(0)
  wipeRing(ring)
  const body: InstallationBody = {
    rootKey: provider.name,
    salt: salt?.toString('base64') ?? null,
    ...(settings.dev && { dev: true }),
    firstAccount: null,
    ring: { wrapped, generation: 1, roots: [{ since: now, retiredAt: null }] },
  }
  const rows = [
    toRow(newInstallation(body, now), keys),
    firstHead(GENESIS, now, keys),
    toRow(newSigningKey(keys, now, runtime), keys),
    toRow(tag, keys),
  ]
  const changes = rows.map((row): RowChange => ({ change: 'insert', row, counted: null }))
  const commit = { changes, nonce: null, event: null, scrub: false }
  const { outcomes } = await storage.commit([commit], chaining(keys), null)
  keys.wipe()
  if (outcomes[0] !== 'committed' && provider instanceof HsmRootKeyProvider) await provider.discard()
  if (await readInstallation(storage)) return openRing(source, now)
  throw new Error('the record of how this database was set up is missing: restore a backup')
}
