// `strongroom backup …`: writes a sealed copy of the database, makes backup keys, and verifies backups. Needs no root key.

import { judgedRows } from '../backup/copy.ts'
import { encodeBackup, FORMAT, total } from '../backup/format.ts'
import { type Findings, Judge } from '../backup/judge.ts'
import { encodeIdentity, encodeRecipient, identityOf, SCALAR_BYTES } from '../cryptography/age.ts'
import { sealAge } from '../cryptography/age-stream.ts'
import { SYSTEM } from '../runtime/system.ts'
import { makeFile } from '../runtime/whole-file.ts'
import { type FlagKinds, type Flags, readFlags, wordsFirst } from '../settings/flags.ts'
import { databaseUrl } from '../settings/root-key.ts'
import { SETTING_FLAGS, settingsFrom } from '../settings/settings.ts'
import { UsageError } from '../settings/usage-error.ts'
import { VERSION } from '../settings/version.ts'
import { openSource } from '../storage/copying/open.ts'
import { demandAge, identitiesOf, recipientsOf } from './backup-keys.ts'
import { Measure, placeToWrite, sha256Of } from './backup-places.ts'
import { describeBackup, openBackup } from './backup-report.ts'
import { printsHelp } from './help.ts'
import { bar } from './progress.ts'
import { stopsWork } from './stop-signal.ts'
import type { Surroundings } from './surroundings.ts'
import { unknownVerb } from './verb.ts'

const USAGE = `usage: strongroom backup --to FILE|-|bucket:BUCKET/KEY --recipient age1… [--no-verify] [--data DIR] …
       strongroom backup key --output FILE
       strongroom backup verify FILE|-|bucket:BUCKET/KEY --identity FILE

A backup does not contain the provider of the root key: keep the key file, the passphrase, or a backup of the HSM's token in
another place. Without it, nobody can use the keys in a backup.
backup writes the state of the whole database at one moment, while servers run, on SQLite and on PostgreSQL. The result is an
ordinary age file (age-encryption.org), encrypted for one or more recipients (--recipient, --recipients-file FILE). The machine
needs no private key. The file gets its final name when it is complete on disk. The command then reads it again and compares it
with the written data; --no-verify skips this. If the trail in the backup is not intact, the exit code is 1, and the file stays.
bucket: names an object in a bucket at the endpoint of the setting delivery-target, with that setting's credentials. The object
replaces one of the same name, and appears when it is complete.
key creates a backup key: it writes the private key to FILE (mode 0600) and prints the recipient. Keep the file away from the servers.
verify decrypts the whole backup. It prints the backup's time, its contents and the provider of its root key, and verifies every
chain of events. Only a restore, which has the root key, proves that records are authentic.
Further flags are those of \`strongroom serve\`; they set the database and the endpoint of buckets.`

const OWN: FlagKinds = {
  to: 'value',
  recipient: 'list',
  'recipients-file': 'list',
  'no-verify': 'bare',
}

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function backup(args: readonly string[], around: Surroundings): Promise<number> {
  const [verb = '', ...rest] = args
  if (printsHelp(args, USAGE, around)) return 0
  if (verb === 'key') return makeKey(readFlags(rest, { output: 'value' }, 'backup key'), around)
  if (verb === 'verify') return verify(rest, around)
  if (!verb.startsWith('--')) throw unknownVerb('backup', verb, ['key', 'verify'], USAGE)
  return write(readFlags(args, { ...SETTING_FLAGS, ...OWN }, 'backup'), around)
}

async function write(flags: Flags, around: Surroundings): Promise<number> {
  const recipients = recipientsOf(flags, around)
  const to = flags.must('to', USAGE)
  const settings = settingsFrom(flags, around.env, around.readFile)
  const place = placeToWrite(to, around, () => settings.deliveryTarget)
  // A printed backup leaves nothing to clean up, and a write that waits for its reader would keep the program from handling the signal.
  using stop = place.read && stopsWork()
  const { signal } = stop ?? new AbortController()
  // Taken before the copy begins: the backup holds everything that was committed until then.
  const at = SYSTEM.now()
  await using source = await openSource(databaseUrl(settings))
  const counts = await source.counts()
  const head = { format: FORMAT, id: SYSTEM.newId(), at, version: VERSION, schema: source.schema, counts } as const
  const [judge, measure, draw] = [new Judge(), new Measure(signal), bar(around, 'rows')]
  const rows = judgedRows(source.rows(), judge, (seen) => draw(seen, total(counts)))
  await place.write(measure.through(sealAge(encodeBackup(head, rows), recipients, SYSTEM.randomBytes)))
  around.status('')
  const findings = judge.findings()
  const sha256 = measure.sha256()
  // Standard output may be the backup itself.
  const say = place.read ? around.print : around.complain
  for (const line of describeBackup(head, findings)) say(line)
  say(`written: ${measure.bytes} bytes, SHA-256 ${sha256}`)
  if (place.read && !flags.has('no-verify')) {
    if ((await sha256Of(place.read(), signal)) !== sha256)
      throw new Error(
        'the backup on disk differs from the written data: do not trust this disk, and write the backup elsewhere',
      )
    say(
      'read again: the file has the written data. To decrypt it as well, run `strongroom backup verify` with the private key',
    )
  }
  return intact(findings, around)
}

function intact({ fault }: Findings, around: Surroundings): number {
  if (fault === null) return 0
  around.complain(`NOT INTACT: the trail in this backup is not as it was recorded: ${fault}`)
  return 1
}

/** Makes a backup key in a new file. */
async function makeKey(flags: Flags, around: Surroundings): Promise<number> {
  const path = flags.must('output', USAGE)
  demandAge()
  const identity = identityOf(SYSTEM.randomBytes(SCALAR_BYTES))
  const recipient = encodeRecipient(identity.recipient)
  const created = new Date(SYSTEM.now()).toISOString()
  try {
    await makeFile(path, `# created: ${created}\n# public key: ${recipient}\n${encodeIdentity(identity)}\n`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new UsageError(`\`${path}\` already exists: name another file`)
  }
  around.print(recipient)
  around.complain(`the private key is in ${path}: keep it away from the servers, like the provider of the root key`)
  return 0
}

async function verify(args: readonly string[], around: Surroundings): Promise<number> {
  const [[from = ''], rest] = wordsFirst(args)
  const flags = readFlags(rest, { ...SETTING_FLAGS, identity: 'list' }, 'backup verify')
  if (from === '') throw new UsageError(`name the backup:\n${USAGE}`)
  const { head, rows } = await openBackup(from, identitiesOf(flags, around), around, () => {
    return settingsFrom(flags, around.env, around.readFile).deliveryTarget
  })
  const [judge, draw] = [new Judge(), bar(around, 'rows')]
  for await (const _ of judgedRows(rows, judge, (seen) => draw(seen, total(head.counts))));
  around.status('')
  const findings = judge.findings()
  for (const line of describeBackup(head, findings)) around.print(line)
  if (findings.fault === null)
    around.print('intact: the whole backup can be decrypted, and every chain of events is unbroken')
  return intact(findings, around)
}
