// The composition root: gives the verbs the environment, the files and the terminal, and runs the one that is named.
import { readFileSync } from 'node:fs'
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
import type { Settings } from './settings/settings.ts'
import { UsageError } from './settings/usage-error.ts'
import { VERSION } from './settings/version.ts'

const USAGE = `usage: strongroom VERB …

  serve            runs the service
  kms OPERATION    calls an operation of the key service and prints its JSON
  ram OPERATION    the same for users, groups, roles and policies
  ram explain      prints whether a principal may perform an action, and which statement decides
  ram who-can      lists the principals that may perform an action
  sts OPERATION    the same as kms, for temporary credentials
  actiontrail OPERATION
                   the same, for events and trails
  account create   makes an account with an AccessKey of its own
  account list     lists the accounts
  account key      lists, makes, disables and deletes AccessKeys of accounts and cloud services
  account service  makes an AccessKey of a cloud service
  dev advance      moves the clock of a server that runs with --dev
  audit verify     verifies that the trail, or a copy of it, is as it was recorded
  audit export     writes a copy of the trail that others can verify
  root-key status  prints where the root key comes from, and the state of a rotation
  root-key rotate  replaces the root key by a new one, while servers run
  root-key change-provider
                   wraps the root key by another file, a passphrase or an HSM
  hsm check        prints what the HSM can do, which keys it lacks, and which of its objects no key names
  key usage        prints how many messages each key version has encrypted

strongroom VERB --help prints more, strongroom --version the version.`

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
  surroundings.print(`strongroom ${VERSION}`)
  return 0
}

const VERBS: Readonly<Record<string, Verb>> = {
  serve: (args) => serve(args, open, surroundings),
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

// A connection whose other end is silent does not close, and must not keep the program.
for (const stream of [process.stdout, process.stderr])
  await new Promise<void>((resolve) => stream.write('', () => resolve()))
process.exit()
