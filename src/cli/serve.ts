// `strongroom serve`: reads flags, and prints the welcome of a first start and the ready line.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { alarmOf, openLog } from '../house/log.ts'
import type { Open } from '../house/open.ts'
import { openServer } from '../house/serve.ts'
import type { WitnessedHouse } from '../house/witnessed.ts'
import { configurationSchema, settingsHelp } from '../settings/description.ts'
import { type FlagKinds, readFlags } from '../settings/flags.ts'
import { SETTING_FLAGS, type Settings, settingsFrom } from '../settings/settings.ts'
import { UsageError } from '../settings/usage-error.ts'
import { VERSION } from '../settings/version.ts'
import { withPin } from './prompt.ts'
import { endOfInput, stopSignal } from './stop-signal.ts'
import type { Surroundings } from './surroundings.ts'
import { welcome } from './welcome.ts'

/** Flags of a single run, which are no settings. */
const RUN_FLAGS: FlagKinds = { 'config-schema': 'bare', temporary: 'bare', 'stop-at-end-of-input': 'bare' }

const DEV_WARNING = [
  '*** DEVELOPMENT MODE (--dev): the clock of this server can be moved, and its keys may be known from a seed file.',
  '*** Never keep a key here that protects anything.',
].join('\n')

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function serve(
  args: readonly string[],
  open: Open<WitnessedHouse>,
  around: Surroundings,
): Promise<number> {
  if (args.includes('--help')) {
    around.print(`usage: strongroom serve [FLAGS]\n\n${settingsHelp()}`)
    return 0
  }
  const flags = readFlags(args, { ...SETTING_FLAGS, ...RUN_FLAGS }, 'serve')
  if (flags.has('config-schema')) {
    around.print(JSON.stringify(configurationSchema(), null, 2))
    return 0
  }
  const untilInputEnds = flags.has('stop-at-end-of-input')
  if (!flags.has('temporary'))
    return run(await withPin(settingsFrom(flags, around.env, around.readFile), around), open, around, untilInputEnds)
  return inTemporaryFolder(async (data) => {
    const settings = settingsFrom(flags.with('data', data), around.env, around.readFile)
    if (!settings.dev) throw new UsageError('`temporary` goes with --dev')
    if (flags.has('data') || settings.database !== null)
      throw new UsageError('`temporary` keeps all data in a folder of its own: leave `data` and `database` out')
    return run(settings, open, around, untilInputEnds)
  })
}

async function inTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Serves until SIGTERM or SIGINT, or the end of its input; returns the exit code. Rejects with an error that says what to change when the
 * start can't work.
 */
async function run(
  settings: Settings,
  open: Open<WitnessedHouse>,
  around: Surroundings,
  untilInputEnds: boolean,
): Promise<number> {
  const log = openLog(settings.logLevel)
  log.info({ version: VERSION }, 'strongroom starts')
  const alarm = alarmOf(log)
  // A promise that a library leaves unhandled must not end the service.
  process.on('unhandledRejection', (error) => alarm('unhandled promise rejection', error))
  const server = await openServer(settings, open, { log, alarm, say: around.complain })
  // Installed before the ready line, whose reader may stop the server at once.
  const signalled = untilInputEnds ? Promise.race([stopSignal(), endOfInput()]) : stopSignal()
  if (settings.dev) around.complain(DEV_WARNING)
  const { endpoint, endpoints, metrics, first, stop } = await server.start()
  const console = `${endpoint}/console`
  if (first) around.complain(welcome(first, endpoint, settings, around.terminal))
  const more = { ...(endpoints && { endpoints }), ...(metrics !== null && { metrics }) }
  around.print(JSON.stringify({ event: 'ready', endpoint, console, ...more }))
  log.info({ signal: await signalled }, 'stopping: the server accepts no new calls, and finishes the calls in flight')
  await stop()
  log.info('stopped')
  return 0
}
