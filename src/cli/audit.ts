// `strongroom audit …`: verifies the trail, and writes copies of it that others can verify. Works on the database itself.
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { exportTrail, faultBeside, verifyTrail } from '../actiontrail/audit/audit.ts'
import { publicKeyOf } from '../actiontrail/audit/checkpoint.ts'
import { csvHead, csvRow, ExportLines } from '../actiontrail/audit/export.ts'
import type { Period } from '../actiontrail/audit/range.ts'
import { indexedEvents } from '../actiontrail/lookup/event-index.ts'
import { fromIsoSeconds } from '../api/time.ts'
import { recordAcceptedRestore } from '../house/accepted-restore.ts'
import type { Open, OpenHouse } from '../house/open.ts'
import { contradiction, readWitness, unwitnessed, writeWitness } from '../house/witness.ts'
import { type Flags, readFlags } from '../settings/flags.ts'
import { SETTING_FLAGS, type Settings, settingsFrom } from '../settings/settings.ts'
import { UsageError } from '../settings/usage-error.ts'
import { eventsUpTo } from '../storage/lane.ts'
import { verifyCopy } from './audit-copies.ts'
import { report } from './audit-report.ts'
import { printsHelp } from './help.ts'
import { unusable } from './named-file.ts'
import { printable } from './output.ts'
import { bar } from './progress.ts'
import type { Surroundings } from './surroundings.ts'
import { inHouse, unknownVerb } from './verb.ts'

const USAGE = `usage: strongroom audit verify [--from TIME] [--to TIME] [--witness none] [--data DIR] …
       strongroom audit verify --file EXPORT.jsonl --public-key FILE
       strongroom audit verify --delivered FOLDER --public-key FILE [--digest NUMBER [--chain ID]]
       strongroom audit export [--format jsonl|csv] [--from TIME] [--to TIME] [--output FILE] [--data DIR] …
       strongroom audit public-key [--data DIR] …
       strongroom audit reindex [--data DIR] …
       strongroom audit accept-restore [--data DIR] …

verify reads the whole chain of events, and names the first that was altered, dropped, inserted or moved. Its exit code is 0
if the trail is intact, and otherwise 1. It may run while a server runs. With --file it verifies an export, and with --delivered
a copy of a bucket to which trails deliver. Both need no database, only the public key that \`audit public-key\` prints.
Only --digest and --chain (LatestDigestNumber and DigestChain of GetTrailStatus) show whether the latest digests are missing.
export writes the events of a period to standard output or to --output; without --from and --to it writes all events. An export
in jsonl can be verified; csv is only for reading.
reindex rebuilds the index that LookupEvents uses.
accept-restore confirms that you restored the database from an older copy; the trail records this confirmation.
TIME is a date or a moment in UTC: 2026-03-01 or 2026-03-01T12:00:00Z. Further flags are those of \`strongroom serve\`.`

const OWN = {
  from: 'value',
  to: 'value',
  witness: 'value',
  file: 'value',
  delivered: 'value',
  digest: 'value',
  chain: 'value',
  'public-key': 'value',
  format: 'value',
  output: 'value',
} as const

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function audit(args: readonly string[], open: Open, around: Surroundings): Promise<number> {
  const [verb = '', ...rest] = args
  if (printsHelp(args, USAGE, around)) return 0
  const work = VERBS.get(verb)
  if (!work) throw unknownVerb('audit', verb, VERBS.keys(), USAGE)
  const flags = readFlags(rest, { ...SETTING_FLAGS, ...OWN }, 'audit')
  const copy = verb === 'verify' ? await verifyCopy(flags, around) : null
  if (copy !== null) return copy
  const settings = settingsFrom(flags, around.env, around.readFile)
  return inHouse(settings, open, around, (rooms) => work({ flags, settings, rooms, around }))
}

interface Work {
  readonly flags: Flags
  readonly settings: Settings
  readonly rooms: Pick<OpenHouse, 'ledger' | 'accounts' | 'eventIndex' | 'trailSigner' | 'runtime' | 'region'>
  readonly around: Surroundings
}

const VERBS: ReadonlyMap<string, (work: Work) => Promise<number>> = new Map([
  ['verify', verify],
  ['export', write],
  ['public-key', printPublicKey],
  ['reindex', reindex],
  ['accept-restore', acceptRestore],
])

function periodOf(flags: Flags): Period {
  const moment = (flag: 'from' | 'to', end: boolean) => {
    const text = flags.get(flag)
    if (text === undefined) return null
    const day = /^\d{4}-\d\d-\d\d$/.test(text)
    const at = fromIsoSeconds(day ? `${text}T00:00:00Z` : text)
    if (at === null) throw new UsageError(`\`--${flag}\` must be like 2026-03-01 or 2026-03-01T12:00:00Z`)
    return end ? at + (day ? 86_400_000 : 1000) - 1 : at
  }
  const period = { from: moment('from', false), to: moment('to', true) }
  if (period.from !== null && period.to !== null && period.from > period.to)
    throw new UsageError('`--from` must not be later than `--to`')
  return period
}

async function verify({ flags, settings, rooms, around }: Work): Promise<number> {
  const { trailSigner } = rooms
  const started = performance.now()
  const ignored = flags.get('witness') === 'none'
  const witness = ignored ? null : readWitness(settings.data, trailSigner.publicKey)
  const missing = ignored ? null : await unwitnessed(witness, settings.data, rooms.ledger)
  if (missing) around.complain(`WARNING: ${missing}`)
  const publicKey = publicKeyOf(trailSigner.publicKey)
  const draw = bar(around, 'events')
  const verified = await verifyTrail(rooms, periodOf(flags), publicKey, witness ? [witness] : [], draw)
  const code = report(verified, started, around)
  if (code !== 0) return code
  const fault = await faultBeside(rooms, witness?.stored ?? 0, () => rooms.eventIndex.turn())
  if (!fault) return 0
  around.complain(`NOT INTACT: ${fault.message}`)
  return 1
}

async function write({ flags, rooms, around }: Work): Promise<number> {
  const format = flags.get('format') ?? 'jsonl'
  if (format !== 'jsonl' && format !== 'csv') throw new UsageError('`--format` must be jsonl or csv')
  const path = flags.get('output')
  const lines = exportedLines(format, periodOf(flags), rooms, around)
  if (path !== undefined) await toFile(path, lines)
  else
    for await (const line of lines)
      if (!around.output.write(printable(line, around))) await once(around.output, 'drain')
  return 0
}

async function* exportedLines(
  format: 'jsonl' | 'csv',
  period: Period,
  rooms: Work['rooms'],
  around: Surroundings,
): AsyncGenerator<string> {
  const { trailSigner } = rooms
  const isTable = format === 'csv'
  const lines = new ExportLines(trailSigner)
  if (isTable) yield `${csvHead()}\n`
  for await (const part of exportTrail(rooms, period, publicKeyOf(trailSigner.publicKey), bar(around, 'events'))) {
    if ('row' in part) yield `${isTable ? csvRow(part.row) : lines.event(part.row)}\n`
    else if (isTable) continue
    else yield `${'start' in part ? lines.start(part.start, Date.now()) : lines.end(part.end, Date.now())}\n`
  }
  if (!isTable) yield `${lines.seal()}\n`
}

async function toFile(path: string, lines: AsyncIterable<string>): Promise<void> {
  await pipeline(lines, createWriteStream(path, { mode: 0o600 })).catch((error: unknown) => {
    throw unusable(path, 'written', error)
  })
}

async function printPublicKey({ rooms, around }: Work): Promise<number> {
  around.print(rooms.trailSigner.publicKey.trimEnd())
  return 0
}

async function reindex({ rooms, around }: Work): Promise<number> {
  const { ledger, eventIndex } = rooms
  const events = eventsUpTo(await ledger.heads())
  const draw = bar(around, 'events')
  await ledger.events.dropIndex()
  const indexed = async () => indexedEvents(await eventIndex.indexed())
  while (await eventIndex.extend()) draw(await indexed(), events)
  around.print(
    `indexed up to event ${await indexed()}; lookups read the later events without an index until there are enough for one`,
  )
  return 0
}

async function acceptRestore({ settings, rooms, around }: Work): Promise<number> {
  const { ledger, trailSigner } = rooms
  const witness = readWitness(settings.data, trailSigner.publicKey)
  const why = witness && (await contradiction(witness, ledger))
  if (!witness || !why) {
    around.print('there is nothing to accept: the trail matches the witness')
    return 0
  }
  const now = Date.now()
  await recordAcceptedRestore(rooms)
  await writeWitness(settings.data, trailSigner.checkpoint(await ledger.heads(), now))
  around.print(`accepted: ${why}\nthe former witness: ${JSON.stringify(witness)}`)
  return 0
}
