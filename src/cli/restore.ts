// `strongroom restore`: fills an empty database from a backup, verifies it with the root key, and prints what the restored trail lacks.
import { isoSeconds } from '../api/time.ts'
import { copyRows } from '../backup/copy.ts'
import { type BackupHead, total } from '../backup/format.ts'
import { lacking } from '../backup/verify-all.ts'
import { TIME_WINDOW_MS } from '../gateway/claim.ts'
import { recordAcceptedRestore } from '../house/accepted-restore.ts'
import { makeDataFolder } from '../house/data-folder.ts'
import { onlyServer } from '../house/only-server.ts'
import type { Open, OpenHouse } from '../house/open.ts'
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
import { printsHelp } from './help.ts'
import { bar } from './progress.ts'
import type { Surroundings } from './surroundings.ts'

const USAGE = `usage: strongroom restore --from FILE|-|bucket:BUCKET/KEY --identity FILE [--witness FILE] [--accept-damage] [--data DIR | --database URL] …

A backup does not contain the provider of the root key. First copy the key file to its place (root-key in the data folder, or
--root-key-file), set the passphrase or connect the HSM: each as it was at the time of the backup.
restore fills an empty database on SQLite or PostgreSQL; the backup may come from either. No server starts on it before the
restore has ended. After an interruption run the same command again: it continues where it stopped. At the end it verifies every
record and the whole trail with the root key, reports missing events, and records AcceptRestoredTrail in the trail of each account.
The witness (audit-witness.json) of the lost server shows how many events are missing: leave it in the data folder, or name it
with --witness.
A restore undoes all changes after the backup: keys deleted since then exist again, AccessKeys disabled since then work again, and
permissions removed since then are valid again. The command prints the backup's time; docs/backup.md says what to do then.
--accept-damage finishes the restore even if records or the trail are not authentic.
Further flags are those of \`strongroom serve\`; they set the database and the provider of its root key.`

/** The type of the resource that names a backup in events. */
const BACKUP = 'Strongroom::Backup'

const OWN: FlagKinds = { from: 'value', identity: 'list', witness: 'value', 'accept-damage': 'bare' }

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function restore(args: readonly string[], open: Open, around: Surroundings): Promise<number> {
  if (printsHelp(args, USAGE, around)) return 0
  const flags = readFlags(args, { ...SETTING_FLAGS, ...OWN }, 'restore')
  const from = flags.must('from', USAGE)
  const identities = identitiesOf(flags, around)
  const settings = settingsFrom(flags, around.env, around.readFile)
  const { head, rows } = await openBackup(from, identities, around, () => settings.deliveryTarget)
  makeDataFolder(settings.data)
  using _ = isShared(settings) ? null : onlyServer(settings)
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
  /** The heads of the backup's trail. */
  readonly restored: Heads
  /** The file of the witness, or null for the one in the data folder. */
  readonly witness: string | null
  readonly around: Surroundings
}

/** Prints what the trail lacks, records the restore in the trail, and starts a new witness. */
async function recordRestore(house: OpenHouse, head: BackupHead, { settings, restored, witness, around }: Recording) {
  const { ledger, trailSigner, runtime } = house
  const seen = witnessAt(witness, settings.data, house)
  // Compares with the backup's heads: an earlier, interrupted run may have added events of its own.
  const lacks = seen && (await lacking(seen, restored, house))
  if (lacks) around.print(`${lacks.events} events are missing: ${lacks.why}\nthe witness: ${JSON.stringify(seen)}`)
  else if (seen) around.print(`no event is missing that the witness has seen up to ${isoSeconds(seen.at)}`)
  else around.print('the number of events after the backup is unknown: there is no witness')
  const backup = { type: BACKUP, name: isoSeconds(head.at) }
  await recordAcceptedRestore(house, [backup], restored)
  const now = runtime.now()
  await writeWitness(settings.data, trailSigner.checkpoint(await ledger.heads(), now))
  around.complain(
    `WARNING: all changes after ${isoSeconds(head.at)} are undone. Keys that were deleted since then exist again, with their material; AccessKeys, users and permissions that were revoked since then are valid again: revoke them again before clients reach a server`,
  )
  around.complain(
    `WARNING: the nonces of calls after the backup are lost. Without TLS, start no server before ${isoSeconds(now + TIME_WINDOW_MS)}: until then, somebody who recorded a call can replay it`,
  )
}
