// `strongroom migrate`: moves a database from SQLite to PostgreSQL, or back, while no server runs.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { copyRows } from '../backup/copy.ts'
import { total } from '../backup/format.ts'
import { makeDataFolder } from '../house/data-folder.ts'
import { BEAT_MS, SERVER } from '../house/live-servers.ts'
import { onlyServer } from '../house/only-server.ts'
import type { Open, OpenHouse } from '../house/open.ts'
import { contradiction, readWitness, type Witnessed, writeWitness } from '../house/witness.ts'
import { KMS_INDEX } from '../kms/record-index.ts'
import { SYSTEM } from '../runtime/system.ts'
import { type FlagKinds, readFlags } from '../settings/flags.ts'
import { databaseUrl, defaultRootKeyPath, demandNoOtherConnection, rootKeyPath } from '../settings/root-key.ts'
import { SETTING_FLAGS, type Settings, settingsFrom } from '../settings/settings.ts'
import { UsageError } from '../settings/usage-error.ts'
import type { MovedSource } from '../storage/copying/copied.ts'
import { NotEmpty, WasMoved } from '../storage/copying/marks.ts'
import { openCopyTarget, openMoved, openSource, shownUrl } from '../storage/copying/open.ts'
import { isPostgresql } from '../storage/open.ts'
import { settleCopy, witnessAt } from './copied-database.ts'
import { printsHelp } from './help.ts'
import { bar } from './progress.ts'
import type { Surroundings } from './surroundings.ts'

const USAGE = `usage: strongroom migrate --from DIR|URL --to URL|DIR [--root-key-file FILE] [--witness FILE] [--accept-damage] …

migrate moves a whole database to another one: from a data folder (SQLite) to postgresql://…, or back, or to another of the same
kind. Stop all servers of the database first; the command checks that none runs. The source keeps its data, but gets a mark: a server
no longer starts on it, and prints the new place of the database. No server starts on the target before the migration has ended. After
an interruption run the same command again: it continues where it stopped. At the end it verifies every record and the whole trail
with the root key, and compares the trail with the witness (audit-witness.json) of a server: the one in the data folder, or the file of
--witness. It moves neither the root key file nor the first credentials nor the settings.
--accept-damage finishes the migration even if records or the trail are not authentic.
Further flags are those of \`strongroom serve\`; they set the provider of the root key. The default is the key file in the data folder.`

/** How often the command looks at the records of servers. */
const LOOK_MS = 500

const OWN: FlagKinds = { from: 'value', to: 'value', witness: 'value', 'accept-damage': 'bare' }

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function migrate(args: readonly string[], open: Open, around: Surroundings): Promise<number> {
  if (printsHelp(args, USAGE, around)) return 0
  const flags = readFlags(args, { ...SETTING_FLAGS, ...OWN }, 'migrate')
  for (const flag of ['database', ...(flags.has('data') && !isPostgresql(flags.get('to') ?? '') ? ['data'] : [])])
    if (flags.has(flag)) throw new UsageError(`\`--${flag}\` does not go with \`migrate\`: use --from and --to`)
  const read = settingsFrom(flags, around.env, around.readFile)
  const from = endOf('--from', flags.must('from', USAGE), read)
  const to = endOf('--to', flags.must('to', USAGE), read)
  const settings = settingsOf(read, from, to)
  if (from.url === to.url) throw new UsageError('`--from` and `--to` are the same database')
  using _ = lockOf(from)
  if (from.folder === null) await demandStopped(from.url, around)
  await using source = await openMoved(from.url)
  if (source.movedTo !== null && source.movedTo !== shownUrl(to.folder ?? to.url))
    throw new Error(`the source was already moved to ${source.movedTo}`)
  if (to.folder !== null) makeDataFolder(to.folder)
  using __ = lockOf(to)
  const witness = (house: OpenHouse) => witnessAt(flags.get('witness') ?? null, from.folder ?? settings.data, house)
  return await move(source, to, { settings, open, around, witness, accepts: flags.has('accept-damage') })
}

/** The source or the target of the move: its URL, and the data folder of a SQLite database. */
interface End {
  readonly url: string
  readonly folder: string | null
}

function endOf(flag: string, text: string, settings: Settings): End {
  demandNoOtherConnection(flag, text, 'a data folder')
  if (isPostgresql(text)) return { url: text, folder: null }
  const folder = resolve(text)
  return { url: databaseUrl({ ...settings, data: folder, database: null }), folder }
}

/** The settings of the target, with the key file of the source. */
function settingsOf(read: Settings, from: End, to: End): Settings {
  const data = to.folder ?? from.folder ?? read.data
  const key = rootKeyPath({ ...read, data: from.folder ?? data })
  const isFile = read.rootKeyFile !== null || existsSync(key)
  return { ...read, data, database: to.folder === null ? to.url : null, rootKeyFile: isFile ? key : null }
}

function lockOf({ folder }: End): Disposable | null {
  return folder === null || !existsSync(folder) ? null : onlyServer({ data: folder, database: null })
}

/**
 * Rejects when a server runs on the database. A running server updates its record within BEAT_MS; records of dead servers stay as they are.
 */
async function demandStopped(url: string, around: Surroundings): Promise<void> {
  const look = async () => {
    await using source = await openSource(url)
    return await source.revisions(SERVER.name)
  }
  const before = await look().catch((error: unknown) => {
    // The mark of an interrupted move says that no server runs; the move goes on.
    if (error instanceof WasMoved) return new Map<string, number>()
    throw error
  })
  const until = SYSTEM.monotonic() + 2 * BEAT_MS
  while (before.size > 0 && SYSTEM.monotonic() < until) {
    around.status('checking that no server runs …')
    await SYSTEM.pause(LOOK_MS)
    const now = await look()
    const running = [...now].find(([id, revision]) => before.get(id) !== revision)
    if (running) throw new Error(`a server runs on the database (${running[0]}): stop all servers first`)
  }
  around.status('')
}

interface Work {
  readonly settings: Settings
  readonly open: Open
  readonly around: Surroundings
  /** The witness of the source's trail; null where there is none. */
  readonly witness: (house: OpenHouse) => Witnessed | null
  readonly accepts: boolean
}

async function move(source: MovedSource, to: End, { settings, open, around, witness, accepts }: Work): Promise<number> {
  const where = shownUrl(to.folder ?? to.url)
  await using target = await openCopyTarget(to.url, KMS_INDEX)
  const counts = await source.counts()
  const findings = await copyRows(
    { id: source.fingerprint, rows: source.rows(), total: total(counts) },
    target,
    bar(around, 'rows'),
  ).catch((error: unknown) => {
    if (error instanceof NotEmpty && source.movedTo !== null) return null
    throw error
  })
  around.status('')
  if (!findings) {
    around.print(`the database was already moved to ${where}`)
    return 0
  }
  if (source.movedTo === null) await source.markMoved(where)
  around.print(`copied ${findings.counts.record} records and ${findings.counts.event} events to ${where}`)
  const code = await settleCopy({ settings, open, around, target, findings, accepts }, async (house) => {
    const seen = witness(house)
    const why = seen && (await contradiction(seen, house.ledger))
    if (why && !accepts) throw new Error(`the source contradicts its witness: ${why}`)
    if (why) around.complain(`NOT INTACT: the source contradicts its witness: ${why}`)
    if (!seen) around.print('it is unknown whether the source is an older copy: there is no witness')
    if (!readWitness(settings.data, house.trailSigner.publicKey))
      await writeWitness(settings.data, house.trailSigner.checkpoint(await house.ledger.heads(), house.runtime.now()))
  })
  if (code === 0) around.print(nextSteps(to, settings))
  return code
}

function nextSteps({ url, folder }: End, settings: Settings): string {
  const key = settings.rootKeyFile
  if (folder === null)
    return `start servers with --database ${shownUrl(url)}; the data folder ${settings.data} keeps the root key file and the witness`
  const away = key !== null && resolve(key) !== defaultRootKeyPath({ data: folder })
  return `start servers with --data ${folder}${away ? `; copy the root key file ${key} to ${defaultRootKeyPath({ data: folder })}, or name it with --root-key-file` : ''}`
}
