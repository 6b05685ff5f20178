// `strongroom encrypt` and `strongroom decrypt`: files of any size in the format of age, whose file keys a CMK wraps.
import { Source } from '../cryptography/age-stream.ts'
import { openedFile, sealedFile } from '../files/envelope.ts'
import { type Job, jobsOf, troubleOf } from '../files/jobs.ts'
import { DataKeys, Unreachable } from '../files/service.ts'
import type { Context } from '../files/stanza.ts'
import { type Transform, transferFile, transferStream } from '../files/transfer.ts'
import { refuseInFipsMode } from '../runtime/fips.ts'
import { SYSTEM } from '../runtime/system.ts'
import { type FlagKinds, type Flags, readFlags, wordsAmong } from '../settings/flags.ts'
import { UsageError } from '../settings/usage-error.ts'
import { ask } from './ask.ts'
import { CLIENT_FLAGS, CLIENT_HELP, clientOptions } from './client-options.ts'
import { printsHelp } from './help.ts'
import { bar } from './progress.ts'
import { refusal } from './refused.ts'
import { stopsWork } from './stop-signal.ts'
import type { Surroundings } from './surroundings.ts'

const ENCRYPT = `usage: strongroom encrypt [FILE|FOLDER|-]… --key KEY [--context NAME=VALUE]… [--output FOLDER] [--force] [--armor]
                         [--region ID] [--profile NAME] [--endpoint URL] [--ca-file FILE] [--data DIR]

Encrypts files of any size for the users of a CMK, in the format of age (age-encryption.org). It writes FILE.age beside FILE, with the
same permissions, and keeps FILE. In a folder it encrypts each file separately, except files that end in .age. Without FILE, or with -,
it encrypts standard input to standard output. It calls GenerateDataKey once for each file; the content never leaves this machine.

  --key      the CMK: a KeyId, an alias such as alias/reports, or an ARN
  --context  the encryption context, such as --context project=apollo; not secret, because the file and the trail show it
  --output   the folder for the new files
  --force    replaces existing files
  --armor    writes text instead of bytes
  --region   the CMK's region; the server's first region by default

${CLIENT_HELP}`

const DECRYPT = `usage: strongroom decrypt [FILE.age|FOLDER|-]… [--context NAME=VALUE]… [--output FOLDER] [--force]
                         [--region ID] [--profile NAME] [--endpoint URL] [--ca-file FILE] [--data DIR]

Decrypts files of \`strongroom encrypt\`, and files of age for a recipient of \`strongroom age recipient\`, with or without armor. It writes
FILE beside FILE.age, with the same permissions, when all of it is verified. In a folder it decrypts each file that ends in .age.
Without FILE, or with -, it decrypts standard input to standard output: all output is verified, but complete only if the exit code is 0.
It calls Decrypt for each CMK that a file names, until one succeeds. If a file fails, it continues with the others, and exits with 1.

  --context  names and values that the file's encryption context must have, such as --context project=apollo
  --output   the folder for the new files
  --force    replaces existing files
  --region   the CMK's region, instead of the one that the file names

${CLIENT_HELP}`

const COMMON = { ...CLIENT_FLAGS, context: 'list', output: 'value', force: 'bare', region: 'value' } as const
const SEALING: FlagKinds = { ...COMMON, key: 'value', armor: 'bare' }

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function encrypt(args: readonly string[], around: Surroundings): Promise<number> {
  if (printsHelp(args, ENCRYPT, around)) return 0
  const { words, flags } = read(args, SEALING, 'encrypt')
  const key = flags.get('key')
  if (!key) throw new UsageError('name the CMK with --key, such as --key alias/reports')
  const armor = flags.has('armor')
  if (isStream(words) && around.printsToTerminal && !armor)
    throw new UsageError('bytes are not printed on a terminal: write them to a file or a pipe, or use --armor')
  const choice = { key, region: flags.get('region') ?? null, context: contextOf(flags) }
  return transfer(words, flags, around, {
    sealing: true,
    by: (keys) => (from) => sealedFile(from, { keys, choice, armor, random: SYSTEM.randomBytes }),
  })
}

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function decrypt(args: readonly string[], around: Surroundings): Promise<number> {
  if (printsHelp(args, DECRYPT, around)) return 0
  const { words, flags } = read(args, COMMON, 'decrypt')
  const [region, demanded] = [flags.get('region') ?? null, contextOf(flags)]
  return transfer(words, flags, around, {
    sealing: false,
    by: (keys) => (from) => openedFile(from, { keys, region, demanded }),
  })
}

function read(args: readonly string[], kinds: FlagKinds, verb: string) {
  const [words, rest] = wordsAmong(args, kinds)
  const flags = readFlags(rest, kinds, verb)
  if (words.includes('-') && words.length > 1) throw new UsageError('`-` is standard input, which stands alone')
  if (isStream(words) && flags.has('output'))
    throw new UsageError('standard input goes to standard output: --output is for files')
  return { words, flags }
}

function isStream(words: readonly string[]): boolean {
  return words.length === 0 || words[0] === '-'
}

/** The pairs of --context. Throws UsageError. */
export function contextOf(flags: Flags): Context {
  const context = new Map<string, string>()
  for (const pair of flags.all('context')) {
    const [, name = '', value = ''] = /^([^=]+)=(.*)$/s.exec(pair) ?? []
    if (name === '') throw new UsageError(`--context takes NAME=VALUE, such as project=apollo, not \`${pair}\``)
    if (context.has(name)) throw new UsageError(`--context has two values for \`${name}\``)
    context.set(name, value)
  }
  return context
}

/** A client of the service that the flags and the environment name. Throws UsageError. */
export async function dataKeys(flags: Flags, around: Surroundings, signal?: AbortSignal): Promise<DataKeys> {
  // Read for each call: a call carries the time, and a role's session may have expired.
  const options = async () => ({ ...(await clientOptions(flags, around)), ...(signal ? { signal } : {}) })
  const { region = null } = await options()
  return new DataKeys(async (parameters) => ask(parameters, await options()), refusal, region)
}

interface Work {
  readonly sealing: boolean
  /** Makes the transformation of a file's bytes with these keys. */
  readonly by: (keys: DataKeys) => Transform
}

async function transfer(
  words: readonly string[],
  flags: Flags,
  around: Surroundings,
  { sealing, by }: Work,
): Promise<number> {
  refuseInFipsMode(
    'files are encrypted in the format of age, by ChaCha20-Poly1305',
    'run this command outside FIPS mode, or encrypt by data keys of GenerateDataKey',
  )
  if (isStream(words)) {
    const transform = by(await dataKeys(flags, around))
    await using source = new Source(around.input())
    await transferStream(source.fill, around.output, transform)
    return 0
  }
  using stop = stopsWork()
  const transform = by(await dataKeys(flags, around, stop.signal))
  const { jobs, failures, leftOut } = await jobsOf(words, flags.get('output') ?? null, sealing)
  for (const line of [...leftOut, ...failures]) around.complain(line)
  const read = progress(jobs, around)
  const how = { remedy: flags.has('force') ? null : 'use --force to replace it', random: SYSTEM.randomBytes }
  let failed = failures.length
  for (const job of jobs) {
    const error = await transferFile(job, { transform, read, signal: stop.signal }, how).catch((error: Error) => error)
    if (!error) continue
    around.status('')
    stop.signal.throwIfAborted()
    // This error concerns all files, not only this one.
    if (error instanceof Unreachable) throw error
    around.complain(`\`${job.from}\`: ${troubleOf(error)}`)
    failed++
  }
  around.status('')
  const all = jobs.length + failures.length
  if (failed > 0 && all > 1) around.complain(`${failed} of ${all} failed`)
  return failed > 0 ? 1 : 0
}

/** Draws how much of all files has been read. */
function progress(jobs: readonly Job[], around: Surroundings): (bytes: number) => void {
  const total = jobs.reduce((sum, { bytes }) => sum + bytes, 0)
  const draw = bar(around, 'MB')
  let seen = 0
  return (bytes) => {
    seen += bytes
    draw(Math.round(seen / 1e6), total / 1e6)
  }
}
