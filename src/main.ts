// The composition root: reads the command line, the environment and the configuration, wires the rooms, starts.
import { readFileSync } from 'node:fs'
import { access } from './cli/access.ts'
import { account } from './cli/account.ts'
import { audit } from './cli/audit.ts'
import { dev } from './cli/dev.ts'
import { hsm } from './cli/hsm.ts'
import { PinNeeded } from './cli/hsm-settings.ts'
import { key } from './cli/key.ts'
import { callProduct } from './cli/product.ts'
import { terminalAsk, withPin } from './cli/prompt.ts'
import { rootKey } from './cli/root-key.ts'
import { serve } from './cli/serve.ts'
import { readSettings, type Settings, settingsHelp } from './cli/settings.ts'
import type { Surroundings } from './cli/surroundings.ts'
import { UsageError } from './cli/usage-error.ts'
import { products } from './gateway/products.ts'
import { type OpenHouse, openHouse } from './house.ts'
import type { Alarm } from './ledger/ledger.ts'

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
  account service  makes an AccessKey that stands for a cloud service
  account list     lists the accounts
  dev advance      moves the clock of a server that runs with --dev
  audit verify     tells whether the trail, or a copy of it, is what was recorded
  audit export     writes a copy of the trail that others can verify
  root-key status  tells where the root key comes from, and how far a rotation is
  root-key rotate  replaces the root key by a new one, while servers run
  root-key change-provider
                   has the root key come from another file, a passphrase or an HSM
  hsm check        tells what the HSM can do, which keys it lacks, and what it holds that no key names
  key usage        tells how many messages each key version has encrypted

strongroom VERB --help tells more.`

/** Opens the house; asks for the HSM's PIN only where the root keys are in one. */
async function open(settings: Settings, alarm: Alarm, now: number): Promise<OpenHouse> {
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

async function run([verb, ...args]: readonly string[]): Promise<number> {
  const { env, readFile, print } = surroundings
  switch (verb) {
    case 'serve':
      if (args.includes('--help')) {
        print(`usage: strongroom serve [FLAGS]\n\n${settingsHelp()}`)
        return 0
      }
      return serve(await withPin(readSettings(args, env, readFile), surroundings), open, surroundings)
    case 'kms':
    case 'ram':
    case 'sts':
    case 'actiontrail': {
      if (verb === 'ram' && (args[0] === 'explain' || args[0] === 'who-can')) return access(args, open, surroundings)
      const product = products.find(({ name }) => name.toLowerCase() === verb)
      if (product) return callProduct(product, args, surroundings)
      break
    }
    case 'account':
      return account(args, open, surroundings)
    case 'dev':
      return dev(args, surroundings)
    case 'audit':
      return audit(args, open, surroundings)
    case 'root-key':
      return rootKey(args, open, surroundings)
    case 'hsm':
      return hsm(args, open, surroundings)
    case 'key':
      return key(args, open, surroundings)
    case '--help':
    case 'help':
      print(USAGE)
      return 0
  }
  print(USAGE)
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
