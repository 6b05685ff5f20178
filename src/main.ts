// The composition root: reads the command line, the environment and the configuration, wires the rooms, starts.
import { readFileSync } from 'node:fs'
import { account } from './cli/account.ts'
import { kms, type Surroundings } from './cli/kms.ts'
import { serve } from './cli/serve.ts'
import { readSettings, settingsHelp } from './cli/settings.ts'
import { UsageError } from './cli/usage-error.ts'
import { openHouse } from './house.ts'

const USAGE = `usage: strongroom VERB …

  serve            runs the service
  kms OPERATION    calls an operation of the key service and prints its JSON
  account create   makes an account with an AccessKey of its own
  account list     lists the accounts

strongroom VERB --help tells more.`

const surroundings: Surroundings = {
  env: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
  print: (text) => process.stdout.write(`${text}\n`),
  complain: (text) => process.stderr.write(`strongroom: ${text}\n`),
}

async function run([verb, ...args]: readonly string[]): Promise<number> {
  const { env, readFile, print } = surroundings
  switch (verb) {
    case 'serve':
      if (args.includes('--help')) {
        print(`usage: strongroom serve [FLAGS]\n\n${settingsHelp()}`)
        return 0
      }
      return serve(readSettings(args, env, readFile), openHouse, surroundings)
    case 'kms':
      return kms(args, surroundings)
    case 'account':
      return account(args, openHouse, surroundings)
    case '--help':
    case 'help':
      print(USAGE)
      return 0
    default:
      print(USAGE)
      return 2
  }
}

// Files that the program makes are its owner's alone.
process.umask(0o077)

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  surroundings.complain(error instanceof Error ? error.message : String(error))
  process.exitCode = error instanceof UsageError ? 2 : 1
}
