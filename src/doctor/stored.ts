// Checks the database, its root key and the witness of its trail, without a lock and without a change.
import type { Stats } from 'node:fs'
import { SIGNING_KEY, type SigningKeyBody } from '../actiontrail/audit/signing-key.ts'
import { isoSeconds } from '../api/time.ts'
import { wipeRing } from '../cryptography/ring.ts'
import { endsBefore, readWitness } from '../house/witness.ts'
import { keyFromPassphrase, pendingKeyFiles, readRootKeyFile, realKeyPath } from '../keystore/root-key.ts'
import { KeyProvider } from '../keystore/root-key-provider.ts'
import { laneOfHead } from '../ledger/chain.ts'
import {
  INSTALLATION_KIND,
  type InstallationBody,
  openInstallation,
  unverified,
} from '../rootkeys/installation-record.ts'
import type { Randomness } from '../runtime/runtime.ts'
import { databaseUrl, rootKeyPath } from '../settings/root-key.ts'
import type { Settings } from '../settings/settings.ts'
import type { CopySource } from '../storage/copying/copied.ts'
import { openSource, shownUrl } from '../storage/copying/open.ts'
import { eventsUpTo, type Head, MOST_LANES } from '../storage/lane.ts'
import { HEAD_PLACE, type Row } from '../storage/storage.ts'
import { checkOffset } from './clock.ts'
import { counted, type Finding, findingsOf } from './finding.ts'

interface Around {
  readonly settings: Settings
  readonly now: number
  readonly random: Pick<Randomness, 'randomBytes'>
  /** The status of the data folder, or null. */
  readonly folder: Stats | null
}

/** Checks whether the database is readable, and whether root key and witness fit it. */
export async function checkStored(around: Around): Promise<readonly Finding[]> {
  const { ok, error } = findingsOf('database')
  const url = databaseUrl(around.settings)
  try {
    await using source = await openSource(url)
    const heads = await headsIn(source)
    const installation = (await source.ofKind(INSTALLATION_KIND.name, 1))[0]
    const events = eventsUpTo(heads)
    const clock = await source.clock()
    return [
      ok(`\`${shownUrl(url)}\` is readable, with ${counted(events, 'event')} in ${counted(heads.length, 'lane')}`),
      ...(clock === null ? [] : [checkOffset('the database', clock, around.now)]),
      ...(await checkRootKey(installation, around)),
      await checkWitness(source, heads, around),
    ]
  } catch (failure) {
    const why = failure instanceof Error ? failure.message : String(failure)
    const unread = 'the database could not be read'
    return [
      error(why, 'check the setting `database`, that its server runs, and the permissions'),
      findingsOf('root key').notMade(unread),
      findingsOf('witness').notMade(unread),
    ]
  }
}

async function headsIn(source: CopySource): Promise<readonly Head[]> {
  const rows = await source.ofKind(HEAD_PLACE.kind, MOST_LANES)
  return rows
    .toSorted((a, b) => laneOfHead(a.id) - laneOfHead(b.id))
    .map(({ body }) => {
      const { seq, hash } = JSON.parse(body) as Head
      return { seq, hash }
    })
}

/** Whether the provider in the settings opens the root keys of the database. */
async function checkRootKey(row: Row | undefined, around: Around): Promise<readonly Finding[]> {
  const { ok, warning, error, notMade } = findingsOf('root key')
  if (!row) return [notMade('the database is not set up yet', 'start the server once')]
  const body = unverified(row)
  if (body.rootKey === 'hsm')
    return [notMade('it is in the HSM, which this command does not use', 'run `strongroom hsm check`')]
  const owner = around.folder?.uid
  if (body.rootKey === 'file' && process.getuid && owner !== undefined && process.getuid() !== owner)
    return [notMade(`the data folder belongs to user ${owner}`, `run \`strongroom doctor\` as user ${owner}`)]
  const path = realKeyPath(rootKeyPath(around.settings))
  const left = body.rootKey === 'file' ? pendingKeyFiles(path) : []
  const what = body.rootKey === 'file' ? `\`${path}\`` : 'the passphrase'
  try {
    const key = await keyOf(body, path, around.settings)
    if (typeof key === 'string')
      return [error(key, 'restore the root key from its copy: without it, all keys of this database are lost')]
    const opened = await openInstallation(row, new KeyProvider(body.rootKey, what, key, around.random), key)
    key.fill(0)
    if (opened) {
      wipeRing(opened.ring)
      opened.keys.wipe()
    }
    return [
      opened
        ? ok(`${what} opens this database`)
        : error(`${what} is not the root key of this database`, 'restore the root key that belongs to it'),
      ...left.map((file) =>
        warning(
          `a change of the root key was not finished: \`${file}\` is left`,
          'start the server, which finishes this change',
        ),
      ),
    ]
  } catch (failure) {
    return [error((failure as Error).message, 'see docs/root-key.md')]
  }
}

/** The key that wraps the root keys, which the caller must wipe; or why there is none. */
async function keyOf({ rootKey, salt }: InstallationBody, path: string, { passphrase }: Settings) {
  if (rootKey === 'file') return readRootKeyFile(path) ?? `the root key file \`${path}\` is missing`
  if (passphrase === null || salt === null)
    return 'the root key needs a passphrase: set STRONGROOM_PASSPHRASE or passphrase-file'
  return keyFromPassphrase(passphrase, Buffer.from(salt, 'base64'))
}

/** Whether the trail continues from the witness. */
async function checkWitness(source: CopySource, heads: readonly Head[], { settings }: Around): Promise<Finding> {
  const { ok, warning, error, notMade } = findingsOf('witness')
  const [row] = await source.ofKind(SIGNING_KEY.name, 1)
  if (!row) return notMade('the database is not set up yet', 'start the server once')
  try {
    const witness = readWitness(settings.data, (JSON.parse(row.body) as SigningKeyBody).publicKey)
    const events = eventsUpTo(heads)
    if (!witness)
      return events === 0
        ? ok('the trail has no events yet')
        : warning(
            `\`${settings.data}\` has no witness of the trail, which has ${counted(events, 'event')}`,
            'normal for a new data folder; otherwise compare the database with an export: `strongroom audit verify`',
          )
    const why = endsBefore(witness, heads)
    if (why)
      return error(
        why,
        'its end was truncated, or the database was restored from an older copy: if you restored it, run `strongroom audit accept-restore`',
      )
    const behind = events - witness.seq
    const place = behind === 0 ? 'to its end' : `${counted(behind, 'event')} ago`
    return ok(
      `it saw the trail on ${isoSeconds(witness.at)}, ${place}; \`strongroom audit verify\` verifies the events`,
    )
  } catch (failure) {
    return error((failure as Error).message, 'run `strongroom audit verify`')
  }
}
