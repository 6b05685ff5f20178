// The verbs of the command line, by name, with their purposes, and how a failing line ends. The scripts in test/transcripts specify the
// verbs from outside.

import type { ProductVersion } from '../gateway/house.ts'
import type { Open } from '../house/open.ts'
import type { WitnessedHouse } from '../house/witnessed.ts'
import { PinNeeded } from '../settings/hsm.ts'
import { didYouMean } from '../settings/nearest.ts'
import { UsageError } from '../settings/usage-error.ts'
import { VERSION } from '../settings/version.ts'
import { withPin } from './prompt.ts'
import type { Surroundings } from './surroundings.ts'

const USAGE = `usage: strongroom VERB …

  serve            runs the service
  kms OPERATION    calls an operation of the key service, and prints its answer
  ram OPERATION    the same for users, groups, roles and policies
  ims OPERATION    the same for OIDC providers, and for settings of RAM in their newer form
  sts OPERATION    the same for temporary credentials
  actiontrail OPERATION
                   the same for events and trails
  import-key       imports key material from a file, a pipe or a PKCS #11 token into a CMK of origin EXTERNAL
  secret get       prints the value of a secret, to a file or a pipe
  encrypt          encrypts files for the users of a CMK, in the format of age
  decrypt          decrypts these files
  age recipient    prints a recipient of a CMK, to which stock age encrypts
  age identity     prints an identity of a CMK, with which stock age decrypts
  ram explain      prints whether a principal may perform an action, and which statement decides
  ram who-can      lists the principals that may perform an action
  account create   creates an account with an AccessKey of its own
  account list     lists the accounts
  account key      lists, creates, disables and deletes AccessKeys of accounts and cloud services
  account service  creates an AccessKey of a cloud service
  audit verify     verifies that nobody changed the trail, or a copy of it
  audit export     writes a copy of the trail that others can verify
  audit public-key prints the key that verifies copies
  audit reindex    rebuilds the index that LookupEvents uses
  audit accept-restore
                   confirms that the database was restored from a backup, so that servers start
  root-key status  prints where the root key comes from, and the state of a rotation
  root-key rotate  replaces the root key with a new one, while servers run
  root-key change-provider
                   wraps the root key with another file, a passphrase or an HSM
  backup           writes an encrypted copy of the database, while servers run; see also backup key and backup verify
  restore          fills an empty database from a backup
  migrate          moves the database from SQLite to PostgreSQL, or back
  hsm check        prints the HSM's capabilities, missing keys, and objects that belong to no key
  key usage        prints how many messages each key version has encrypted
  login            logs on by the console, for the verbs that call a server
  logout           ends that session
  whoami           prints the principal of the credentials in use, and their source
  logs             prints events of the trail; can follow new ones
  top              shows calls and refusals of the last minute, by operation and caller
  doctor           checks this set-up, and prints a remedy for each problem
  conformance      tests any server with the KMS API by the cases in conformance/
  kubernetes-kms   serves the KMS v2 interface of Kubernetes on a Unix socket, with a CMK
  completion       prints a script with which bash, zsh or fish completes command lines
  dev advance      moves the clock of a server that runs with --dev

Example:
    strongroom serve                     (in another terminal)
    KEY=$(strongroom kms CreateKey --print KeyMetadata.KeyId)
    strongroom kms Encrypt --KeyId "$KEY" --Plaintext hello

\`strongroom VERB --help\` prints more, \`strongroom --version\` prints the version.
Exit codes: 0 done, 1 refused or failed, 2 a wrong command line; a verb's help lists further codes.`

/** The database of a verb: one that is set up, an empty one that the verb may set up, or one that a copy is filling. */
type Which = 'existing' | 'existing or empty' | 'filling'

/** Opens the house without a look at the witness. Asks for the HSM's PIN only where the root keys are in an HSM. */
function openingAsIs(around: Surroundings, which: Which): Open {
  return async (settings, alarm, now) => {
    if (settings.fips) (await import('../runtime/fips.ts')).demandFipsMode()
    const [{ openHouse }, { openStorage }, { UNINDEXED }, { demandFile, openingExisting }] = await Promise.all([
      import('../house/open.ts'),
      import('../storage/open.ts'),
      import('../storage/search.ts'),
      import('./existing-database.ts'),
    ])
    const filling = which === 'filling'
    const opened: typeof openStorage = (url, opening = UNINDEXED) => openStorage(url, { ...opening, filling })
    const storage = which === 'existing' ? openingExisting(opened) : opened
    if (which === 'existing') demandFile(settings)
    try {
      return await openHouse(settings, alarm, now, storage)
    } catch (error) {
      if (!(error instanceof PinNeeded)) throw error
      return openHouse(await withPin(settings, around), alarm, now, storage)
    }
  }
}

/** As openingAsIs, for a database that a restore or a migration is filling. */
function openingFilling(around: Surroundings): Open {
  return openingAsIs(around, 'filling')
}

/** Opens the house, and refuses a trail that contradicts its witness. */
function opening(around: Surroundings, which: Which = 'existing'): Open<WitnessedHouse> {
  const asIs = openingAsIs(around, which)
  return async (settings, alarm, now) => {
    const { openWitnessed } = await import('../house/witnessed.ts')
    return openWitnessed(settings, alarm, now, asIs)
  }
}

type Verb = (args: readonly string[], around: Surroundings, verb: string) => number | Promise<number>

/** A verb that calls an operation of this product, and loads no other. */
function calling(product: () => Promise<ProductVersion>): Verb {
  return async (args, around) => {
    const [version, { callProduct }] = await Promise.all([product(), import('./product.ts')])
    return callProduct(version, args, around)
  }
}

const callRam = calling(async () => (await import('../gateway/products/ram.ts')).ram)

const completing: Verb = async (args, around) => {
  const [{ completion }, { products }] = await Promise.all([
    import('./completion.ts'),
    import('../gateway/products.ts'),
  ])
  const help = async (verb: string) => {
    const printed: string[] = []
    const print = (text: string) => void printed.push(text)
    const silent = { ...around, complain: () => undefined, print }
    await commandLine([verb, '--help'], silent)
    return printed.join('\n')
  }
  const verbs = Object.keys(VERBS).filter((verb) => verb !== 'export-key')
  return completion(args, { verbs, products, help }, around)
}

/** `help VERB …` prints the help of the verb. */
const help: Verb = (args, around) => {
  if (args.some((word) => !word.startsWith('-'))) return run([...args, '--help'], around)
  around.print(USAGE)
  return 0
}

const version: Verb = (_, around) => {
  around.print(`strongroom ${VERSION}`)
  return 0
}

/** Each verb loads only what it needs: loading everything takes longer than most verbs' work. */
const VERBS: Readonly<Record<string, Verb>> = {
  serve: async (args, around) => (await import('./serve.ts')).serve(args, opening(around, 'existing or empty'), around),
  kms: calling(async () => (await import('../gateway/products/kms.ts')).kms),
  ram: async (args, around, verb) => {
    const { RAM_VERBS } = await import('./product.ts')
    if (!RAM_VERBS.includes(args[0] ?? '')) return callRam(args, around, verb)
    return (await import('./access.ts')).access(args, opening(around), around)
  },
  ims: calling(async () => (await import('../gateway/products/ims.ts')).ims),
  sts: calling(async () => (await import('../gateway/products/sts.ts')).sts),
  actiontrail: calling(async () => (await import('../gateway/products/actiontrail.ts')).actiontrail),
  account: async (args, around) => {
    const [{ account, SETS_UP }, [work = '']] = [await import('./account.ts'), args]
    return account(args, opening(around, SETS_UP.includes(work) ? 'existing or empty' : 'existing'), around)
  },
  dev: async (args, around) => (await import('./dev.ts')).dev(args, around),
  // Opens a database without a look at the witness, because it judges the trail, and accepts a restored one.
  audit: async (args, around) => (await import('./audit.ts')).audit(args, openingAsIs(around, 'existing'), around),
  'root-key': async (args, around) => (await import('./root-key.ts')).rootKey(args, opening(around), around),
  hsm: async (args, around) => (await import('./hsm.ts')).hsm(args, opening(around, 'existing or empty'), around),
  'kubernetes-kms': async (args, around) => (await import('./kubernetes-kms.ts')).kubernetesKms(args, around),
  conformance: async (args, around) => (await import('./conformance.ts')).conformance(args, around),
  key: async (args, around) => (await import('./key.ts')).key(args, opening(around), around),
  backup: async (args, around) => (await import('./backup.ts')).backup(args, around),
  restore: async (args, around) => (await import('./restore.ts')).restore(args, openingFilling(around), around),
  migrate: async (args, around) => (await import('./migrate.ts')).migrate(args, openingFilling(around), around),
  age: async (args, around) => (await import('./age.ts')).age(args, around),
  doctor: async (args, around) => (await import('./doctor.ts')).doctor(args, around),
  top: async (args, around) => (await import('./top.ts')).top(args, around),
  login: async (args, around) => (await import('./login.ts')).login(args, around),
  logout: async (args, around) => (await import('./login.ts')).logout(args, around),
  whoami: async (args, around) => (await import('./whoami.ts')).whoami(args, around),
  logs: async (args, around) => (await import('./logs.ts')).logs(args, around),
  encrypt: async (args, around) => (await import('./files.ts')).encrypt(args, around),
  decrypt: async (args, around) => (await import('./files.ts')).decrypt(args, around),
  'import-key': async (args, around) => (await import('./import-key.ts')).importKey(args, around),
  'export-key': async () => (await import('./import-key.ts')).exportKey(),
  completion: completing,
  secret: async (args, around) => (await import('./secret.ts')).secret(args, around),
  help,
  '--help': help,
  version,
  '--version': version,
}

async function run([verb, ...args]: readonly string[], around: Surroundings): Promise<number> {
  const work = verb !== undefined && Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined
  if (verb && work) return work(args, around, verb)
  if (verb !== undefined)
    throw new UsageError(`unknown verb \`${verb}\`${didYouMean(verb, Object.keys(VERBS))}: see \`strongroom --help\``)
  around.print(USAGE)
  return 2
}

/** Runs a command line; `words` come without the program's name. Returns the exit code: 0, 1 for failed, 2 for a wrong line. */
export async function commandLine(words: readonly string[], around: Surroundings): Promise<number> {
  try {
    return await run(words, around)
  } catch (error) {
    around.complain(error instanceof Error ? error.message : String(error))
    return error instanceof UsageError ? 2 : 1
  }
}
