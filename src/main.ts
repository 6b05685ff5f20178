// The composition root: reads the command line, the environment and the configuration, wires the rooms, starts.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { access } from './cli/access.ts'
import { account } from './cli/account.ts'
import { audit } from './cli/audit.ts'
import { dev } from './cli/dev.ts'
import { hsm } from './cli/hsm.ts'
import { key } from './cli/key.ts'
import { callProduct, RAM_VERBS } from './cli/product.ts'
import { terminalAsk, withPin } from './cli/prompt.ts'
import { rootKey } from './cli/root-key.ts'
import { serve } from './cli/serve.ts'
import type { Surroundings } from './cli/surroundings.ts'
import { products } from './gateway/products.ts'
import { type OpenHouse, openHouse } from './house/open.ts'
import { openWitnessed, type WitnessedHouse } from './house/witnessed.ts'
import type { Alarm } from './ledger/alarm.ts'
import { PinNeeded } from './settings/hsm.ts'
import { didYouMean } from './settings/nearest.ts'
import { readSettings, type Settings, settingsHelp } from './settings/settings.ts'
import { UsageError } from './settings/usage-error.ts'

const USAGE = `usage: strongroom VERB …

  serve            runs the service
  kms OPERATION    calls an operation of the key service and prints its JSON
  ram OPERATION    the same for users, groups, roles and policies
  ram explain      tells whether policies let a principal do something, and which statement decides
  ram who-can      lists the principals that may do something
  sts OPERATION    the same for temporary credentials
  actiontrail OPERATION
                   the same for looking events up, and for trails
  account create   makes an account with an AccessKey of its own
  account list     lists the accounts
  account key      lists, makes, disables and deletes AccessKeys of accounts and cloud services
  account service  makes an AccessKey that stands for a cloud service
  dev advance      moves the clock of a server that runs with --dev
  audit verify     tells whether the trail, or a copy of it, is what was recorded
  audit export     writes a copy of the trail that others can verify
  root-key status  tells where the root key comes from, and how far a rotation is
  root-key rotate  replaces the root key by a new one, while servers run
  root-key change-provider
                   has the root key come from another file, a passphrase or an HSM
  hsm check        tells what the HSM can do, which keys it lacks, and what it holds that no key names
  key usage        tells how many messages each key version has encrypted

strongroom VERB --help tells more, strongroom --version which version this is.`

/** Opens the house, only when its trail is the one that was seen last. */
function open(settings: Settings, alarm: Alarm, now: number): Promise<WitnessedHouse> {
  return openWitnessed(settings, alarm, now, openAsIs)
}

/** Opens the house; asks for the HSM's PIN only where the root keys are in one. */
async function openAsIs(settings: Settings, alarm: Alarm, now: number): Promise<OpenHouse> {
  try {
    return await openHouse(settings, alarm, now)
  } catch (error) {
    if (!(error instanceof PinNeeded)) throw error
    return openHouse(await withPin(settings, surroundings), alarm, now)
  }
}

const surroundings: Surroundings = {
  env: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
  print: (text) => process.stdout.write(`${text}\n`),
  status: (text) => void (process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`)),
  complain: (text) => process.stderr.write(`strongroom: ${text}\n`),
  terminal: process.stderr.isTTY === true,
  ask: terminalAsk(process.stdin, process.stderr),
}

type Verb = (args: readonly string[], verb: string) => number | Promise<number>

const call: Verb = (args, verb) => {
  const product = products.find(({ product }) => product.service === verb)
  if (!product) throw new Error(`no product is called ${verb}`)
  return callProduct(product, args, surroundings)
}

const help: Verb = () => {
  surroundings.print(USAGE)
  return 0
}

const version: Verb = () => {
  const { version } = JSON.parse(surroundings.readFile(fileURLToPath(new URL('../package.json', import.meta.url))))
  surroundings.print(`strongroom ${version}`)
  return 0
}

const VERBS: Readonly<Record<string, Verb>> = {
  serve: async (args) => {
    if (!args.includes('--help')) {
      const settings = readSettings(args, surroundings.env, surroundings.readFile)
      return serve(await withPin(settings, surroundings), open, surroundings)
    }
    surroundings.print(`usage: strongroom serve [FLAGS]\n\n${settingsHelp()}`)
    return 0
  },
  kms: call,
  ram: (args, verb) => (RAM_VERBS.includes(args[0] ?? '') ? access(args, open, surroundings) : call(args, verb)),
  sts: call,
  actiontrail: call,
  account: (args) => account(args, open, surroundings),
  dev: (args) => dev(args, surroundings),
  // It judges the trail, and accepts one that was put back.
  audit: (args) => audit(args, openAsIs, surroundings),
  'root-key': (args) => rootKey(args, open, surroundings),
  hsm: (args) => hsm(args, open, surroundings),
  key: (args) => key(args, open, surroundings),
  help,
  '--help': help,
  version,
  '--version': version,
}

async function run([verb, ...args]: readonly string[]): Promise<number> {
  const work = verb !== undefined && Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined
  if (verb && work) return work(args, verb)
  if (verb !== undefined)
    throw new UsageError(`unknown verb \`${verb}\`${didYouMean(verb, Object.keys(VERBS))}: see \`strongroom --help\``)
  surroundings.print(USAGE)
  return 2
}

// Files that the program makes are its owner's alone.
process.umask(0o077)

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  surroundings.complain(error instanceof Error ? error.message : String(error))
  process.exitCode = error instanceof UsageError ? 2 : 1
}

// A connection that does not close, since nobody answers at its other end, is not waited for.
for (const stream of [process.stdout, process.stderr])
  await new Promise<void>((resolve) => stream.write('', () => resolve()))
process.exit()
