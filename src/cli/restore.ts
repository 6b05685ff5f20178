// `strongroom restore`: fills an empty database from a backup, holds it against the root key, and says what the restored trail lacks.
import { mkdirSync } from 'node:fs'
import { isoSeconds } from '../api/time.ts'
import { copyRows } from '../backup/copy.ts'
import { type BackupHead, total } from '../backup/format.ts'
import { lacking } from '../backup/verify-all.ts'
import { TIME_WINDOW_MS } from '../gateway/claim.ts'
import { onlyServer } from '../house/only-server.ts'
import type { Open, OpenHouse } from '../house/open.ts'
import { recordServiceWork } from '../house/service-work.ts'
import { writeWitness } from '../house/witness.ts'
import { KMS_INDEX } from '../kms/record-index.ts'
import { type FlagKinds, readFlags } from '../settings/flags.ts'
import { databaseUrl, isShared } from '../settings/root-key.ts'
import { SETTING_FLAGS, type Settings, settingsFrom } from '../settings/settings.ts'
import type { CopyTarget } from '../storage/copying/copied.ts'
import { openCopyTarget } from '../storage/copying/open.ts'
import type { Heads } from '../storage/storage.ts'
import { identitiesOf } from './backup-keys.ts'
import { describeBackup, openBackup } from './backup-report.ts'
import { settleCopy, witnessAt } from './copied-database.ts'
import { bar } from './progress.ts'
import type { Surroundings } from './surroundings.ts'

const USAGE = `usage: strongroom restore --from FILE|-|bucket:BUCKET/KEY --identity FILE [--witness FILE] [--accept-damage] [--data DIR | --database URL] …

The root key is not in a backup: put the key file in its place (root-key in the data folder, or --root-key-file), set the passphrase
or connect the HSM, as it was at the time of the backup.
restore fills an empty database, on SQLite or on PostgreSQL, whichever the backup is from. No server starts on it before the
restore has ended. After an interruption run the same command again: it goes on where it stopped. At the end it holds every record
and the whole trail against the root key, says what the trail lacks, and records AcceptRestoredTrail in the trail of each account.
The witness (audit-witness.json) of the lost server tells how many events are missing: leave it in the data folder, or name it
with --witness.
What happened after the backup is undone: keys that were deleted, AccessKeys that were disabled and rights that were taken away
since are back. The command says from when on; see docs/backup.md for what to do then.
--accept-damage ends the restore although records or the trail are not as they were recorded.
Further flags are those of \`strongroom serve\`; they say where the database is and what opens its root key.`

/** The type of the resource that names a backup in events. */
const BACKUP = 'Strongroom::Backup'

const OWN: FlagKinds = { from: 'value', identity: 'list', witness: 'value', 'accept-damage': 'bare' }

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function restore(args: readonly string[], open: Open, around: Surroundings): Promise<number> {
  if (args.includes('--help')) {
    around.print(USAGE)
    return 0
  }
  const flags = readFlags(args, { ...SETTING_FLAGS, ...OWN }, 'restore')
  const from = flags.must('from', USAGE)
  const identities = identitiesOf(flags, around)
  const settings = settingsFrom(flags, around.env, around.readFile)
  const { head, rows } = await openBackup(from, identities, around, () => settings.deliveryTarget)
  mkdirSync(settings.data, { recursive: true, mode: 0o700 })
  using _ = isShared(settings) ? null : onlyServer(settings.data)
  await using target = await openCopyTarget(databaseUrl(settings), KMS_INDEX)
  demandSchema(head, target)
  const findings = await copyRows({ id: head.id, rows, total: total(head.counts) }, target, bar(around, 'rows'))
  around.status('')
  for (const line of describeBackup(head, findings)) around.print(line)
  const witness = flags.get('witness') ?? null
  const accepts = flags.has('accept-damage')
  return await settleCopy({ settings, open, around, target, findings, accepts }, (house) =>
    recordRestore(house, head, { settings, restored: findings.heads, witness, around }),
  )
}

function demandSchema({ schema, version }: BackupHead, target: CopyTarget): void {
  if (schema !== target.schema)
    throw new Error(
      `the backup has tables of version ${schema}, and this program makes version ${target.schema}: restore it with strongroom ${version}, whose database later releases migrate`,
    )
}

interface Recording {
  readonly settings: Settings
  /** Where the trail of the backup ends. */
  readonly restored: Heads
  /** The file of the witness, or null for the one in the data folder. */
  readonly witness: string | null
  readonly around: Surroundings
}

/** Prints what the trail lacks, records the restore in it, and starts a new witness. */
async function recordRestore(house: OpenHouse, head: BackupHead, { settings, restored, witness, around }: Recording) {
  const { ledger, trailSigner, runtime } = house
  const seen = witnessAt(witness, settings.data, house)
  // A run that was interrupted later has added events of its own.
  const lacks = seen && (await lacking(seen, restored, house))
  if (lacks)
    around.print(`${lacks.events} events are missing: ${lacks.why}\nwhat was seen before: ${JSON.stringify(seen)}`)
  else if (seen) around.print(`nothing is missing of what the witness saw up to ${isoSeconds(seen.at)}`)
  else around.print('nothing here tells how many events came after the backup: there is no witness')
  const backup = { type: BACKUP, name: isoSeconds(head.at) }
  await recordServiceWork('AcceptRestoredTrail', house, settings.regions[0], [backup], restored)
  const now = runtime.now()
  await writeWitness(settings.data, trailSigner.checkpoint(await ledger.heads(), now))
  around.complain(
    `WARNING: what happened after ${isoSeconds(head.at)} is undone. Keys that were deleted since then are back, with their material; AccessKeys, users and rights that were revoked since then are valid again: revoke them again before clients reach a server`,
  )
  around.complain(
    `WARNING: the nonces of calls after the backup are lost. Without TLS, serve not before ${isoSeconds(now + TIME_WINDOW_MS)}: until then, who recorded a call could repeat it`,
  )
}
