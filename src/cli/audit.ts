// `strongroom audit …`: whether the trail is what was recorded, and copies of it that others can verify. Works on the database itself.

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { exportTrail, indexFault, type Period, verifyTrail } from '../actiontrail/audit.ts'
import { publicKeyOf, type TrailSigner } from '../actiontrail/checkpoint.ts'
import { storedServiceWork } from '../actiontrail/event.ts'
import type { EventIndex } from '../actiontrail/event-index.ts'
import { csvHead, csvRow, endLine, eventLine, startLine, verifyExport } from '../actiontrail/export.ts'
import type { Verified } from '../actiontrail/verify.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Accounts } from '../ram/account.ts'
import type { Storage } from '../storage/storage.ts'
import { bar } from './progress.ts'
import { readSettings, type Settings } from './settings.ts'
import type { Surroundings } from './surroundings.ts'
import { UsageError } from './usage-error.ts'
import { contradiction, readWitness, writeWitness } from './witness.ts'

interface Rooms {
  readonly storage: Storage
  readonly ledger: Ledger
  readonly accounts: Accounts
  readonly eventIndex: EventIndex
  readonly trailSigner: TrailSigner
}
type Open = (settings: Settings, alarm: (message: string, error: unknown) => void, now: number) => Promise<Rooms>

const USAGE = `usage: strongroom audit verify [--from TIME] [--to TIME] [--witness none] [--data DIR] …
       strongroom audit verify --file EXPORT.jsonl --public-key FILE
       strongroom audit export [--format jsonl|csv] [--from TIME] [--to TIME] [--output FILE] [--data DIR] …
       strongroom audit public-key [--data DIR] …
       strongroom audit reindex [--data DIR] …
       strongroom audit accept-restore [--data DIR] …

verify walks along the whole chain of events, and names the first that was altered, dropped, inserted or moved. It ends with 0
when all is as it was recorded, with 1 when not. It may run beside a server. With --file it verifies an export, anywhere, with
nothing but the public key that \`audit public-key\` prints.
export writes the events of a period (all, without --from and --to) to standard output or to --output. jsonl can be verified;
csv is for reading.
reindex makes the index anew that LookupEvents goes by.
accept-restore tells a server that the database was put back to an older copy on purpose; the trail records that it was.
TIME is a date or a moment in UTC: 2026-03-01 or 2026-03-01T12:00:00Z. Further flags are those of \`strongroom serve\`.`

const OWN = ['--from', '--to', '--witness', '--file', '--public-key', '--format', '--output']

/** Runs the verb; answers the exit code. Throws UsageError. */
export async function audit(args: readonly string[], open: Open, around: Surroundings): Promise<number> {
  const [verb = '', ...rest] = args
  if (rest.includes('--help') || verb === '--help') {
    around.print(USAGE)
    return 0
  }
  const { own, others } = ownFlags(rest)
  const work = VERBS.get(verb)
  if (!work) throw new UsageError(`say what to do:\n${USAGE}`)
  if (verb === 'verify' && own.has('--file')) return verifyFile(own, around)
  const settings = readSettings(others, around.env, around.readFile)
  const rooms = await open(settings, (message, error) => around.complain(`${message}: ${error}`), Date.now())
  try {
    return await work({ own, settings, rooms, around })
  } finally {
    around.status('')
    await rooms.storage.close()
  }
}

interface Work {
  readonly own: ReadonlyMap<string, string>
  readonly settings: Settings
  readonly rooms: Rooms
  readonly around: Surroundings
}

const VERBS: ReadonlyMap<string, (work: Work) => Promise<number>> = new Map([
  ['verify', verify],
  ['export', write],
  ['public-key', printPublicKey],
  ['reindex', reindex],
  ['accept-restore', acceptRestore],
])

function ownFlags(args: readonly string[]) {
  const own = new Map<string, string>()
  const others: string[] = []
  for (let i = 0; i < args.length; i++) {
    const flag = args[i] ?? ''
    if (!OWN.includes(flag)) {
      others.push(flag)
      continue
    }
    const value = args[++i]
    if (value === undefined) throw new UsageError(`\`${flag}\` needs a value`)
    own.set(flag, value)
  }
  return { own, others }
}

function periodOf(own: ReadonlyMap<string, string>): Period {
  const moment = (flag: string, end: boolean) => {
    const text = own.get(flag)
    if (text === undefined) return null
    const day = /^\d{4}-\d\d-\d\d$/.test(text)
    const at = day || /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? Date.parse(text) : Number.NaN
    if (Number.isNaN(at)) throw new UsageError(`\`${flag}\` must be like 2026-03-01 or 2026-03-01T12:00:00Z`)
    return end ? at + (day ? 86_400_000 : 1000) - 1 : at
  }
  const period = { from: moment('--from', false), to: moment('--to', true) }
  if (period.from !== null && period.to !== null && period.from > period.to)
    throw new UsageError('`--from` must not be later than `--to`')
  return period
}

function report({ events, head, fault }: Verified, started: number, around: Surroundings): number {
  around.status('')
  const seconds = (performance.now() - started) / 1000
  if (fault) {
    around.complain(`NOT INTACT: ${fault.message}`)
    around.complain(`${events} events before it are as they were recorded`)
    return 1
  }
  const rate = Math.round(events / Math.max(seconds, 0.001))
  around.print(
    `intact: ${events} events up to number ${head.seq}, in ${seconds.toFixed(1)} s (${rate}/s)\nhead ${head.hash}`,
  )
  return 0
}

async function verify({ own, settings, rooms, around }: Work): Promise<number> {
  const { ledger, trailSigner, eventIndex } = rooms
  const started = performance.now()
  const witness = own.get('--witness') === 'none' ? null : readWitness(settings.data, trailSigner.publicKey)
  const publicKey = publicKeyOf(trailSigner.publicKey)
  const verified = await verifyTrail(ledger, periodOf(own), publicKey, witness ? [witness] : [], bar(around, 'events'))
  const code = report(verified, started, around)
  if (code !== 0) return code
  const fault = await indexFault(ledger, eventIndex)
  if (!fault) return 0
  around.complain(`NOT INTACT: ${fault}: lookups may miss events; \`strongroom audit reindex\` makes it anew`)
  return 1
}

async function verifyFile(own: ReadonlyMap<string, string>, around: Surroundings): Promise<number> {
  const [file = '', keyFile] = [own.get('--file'), own.get('--public-key')]
  if (keyFile === undefined)
    throw new UsageError('`--file` needs `--public-key FILE`: `strongroom audit public-key` prints it')
  const publicKey = publicKeyOf(readFileSync(keyFile, 'utf8'))
  const started = performance.now()
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })
  const draw = bar(around, 'events')
  return report(await verifyExport(lines, publicKey, (seen) => draw(seen, 0)), started, around)
}

async function write({ own, rooms, around }: Work): Promise<number> {
  const { ledger, trailSigner } = rooms
  const format = own.get('--format') ?? 'jsonl'
  if (format !== 'jsonl' && format !== 'csv') throw new UsageError('`--format` must be jsonl or csv')
  const path = own.get('--output')
  const out = path === undefined ? process.stdout : createWriteStream(path, { mode: 0o600 })
  const line = async (text: string) => {
    if (!out.write(`${text}\n`)) await once(out, 'drain')
  }
  const table = format === 'csv'
  if (table) await line(csvHead())
  for await (const part of exportTrail(
    ledger,
    periodOf(own),
    publicKeyOf(trailSigner.publicKey),
    bar(around, 'events'),
  )) {
    if ('row' in part) await line(table ? csvRow(part.row) : eventLine(part.row))
    else if (table) continue
    else if ('start' in part)
      await line(startLine(trailSigner.checkpoint(part.start, Date.now()), trailSigner.publicKey))
    else await line(endLine(trailSigner.checkpoint(part.end, Date.now())))
  }
  if (out !== process.stdout) await new Promise<void>((resolve) => out.end(resolve))
  return 0
}

async function printPublicKey({ rooms, around }: Work): Promise<number> {
  around.print(rooms.trailSigner.publicKey.trimEnd())
  return 0
}

async function reindex({ rooms, around }: Work): Promise<number> {
  const { ledger, eventIndex } = rooms
  const head = await ledger.head()
  const draw = bar(around, 'events')
  await ledger.events.dropParts(Number.POSITIVE_INFINITY)
  while (await eventIndex.extend()) draw(await ledger.events.lastIndexed(), head.seq)
  around.print(
    `indexed up to event ${await ledger.events.lastIndexed()}; the events behind it are read one by one until there are enough`,
  )
  return 0
}

async function acceptRestore({ settings, rooms, around }: Work): Promise<number> {
  const { ledger, accounts, trailSigner } = rooms
  const witness = readWitness(settings.data, trailSigner.publicKey)
  const why = witness && (await contradiction(witness, ledger))
  if (!witness || !why) {
    around.print('there is nothing to accept: the trail is the one that this server saw')
    return 0
  }
  const now = Date.now()
  for (const { id: account } of await accounts.list()) {
    const event = {
      eventId: randomUUID(),
      account,
      region: settings.regions[0] ?? '',
      at: now,
      body: storedServiceWork('AcceptRestoredTrail', []),
    }
    await ledger.commit({ changes: [], nonce: null, event })
  }
  writeWitness(settings.data, trailSigner.checkpoint(await ledger.head(), now))
  around.print(`accepted: ${why}\nwhat was seen before: ${JSON.stringify(witness)}`)
  return 0
}
