// `strongroom doctor`: reports what is wrong with a set-up, and how to correct it. Changes nothing.
import { existsSync, type Stats } from 'node:fs'
import { checkCertificateFiles } from '../doctor/certificate.ts'
import { checkBackup, checkCopy } from '../doctor/copies.ts'
import { checkEndpoint } from '../doctor/endpoint.ts'
import { CHECKS, type Check, counted, type Finding, findingsOf, type Result } from '../doctor/finding.ts'
import { checkAccess, checkFolder, checkSpace, statOf } from '../doctor/folder.ts'
import { ASKED, checkService } from '../doctor/service.ts'
import { checkStored } from '../doctor/stored.ts'
import { localAuthority } from '../house/ports.ts'
import { SYSTEM } from '../runtime/system.ts'
import { credentialsFile } from '../settings/credentials-file.ts'
import { type FlagKinds, type Flags, readFlags } from '../settings/flags.ts'
import { hostAndPort } from '../settings/row.ts'
import { SETTING_FLAGS, type Settings, settingsFrom } from '../settings/settings.ts'
import { UsageError } from '../settings/usage-error.ts'
import { ask } from './ask.ts'
import { type CallAs, CLIENT_FLAGS, clientOptions, serverOptions } from './client-options.ts'
import { printsHelp } from './help.ts'
import { hasColours } from './output.ts'
import type { Surroundings } from './surroundings.ts'

const USAGE = `usage: strongroom doctor [--endpoint URL] [--ca-file FILE] [--backup FILE] [--root-key-copy FILE] [--RegionId ID]
                         [--strict] [--json] [--data DIR] …

Checks this set-up, and prints a remedy for each problem. It checks the data folder, whether or not a server runs, and an endpoint
with credentials. It lists checks that lack one of these as not made. It changes nothing, and takes no lock. Its calls to the
endpoint leave events in the trail, as every call does.

  --backup         the newest backup: is it less than 26 hours old?
  --root-key-copy  a copy of the root key file: does it equal the current file, and is it on another disk?
  --RegionId       the region whose keys are checked; the server's first region by default
  --strict         exits with 3 if there are warnings
  --json           prints an object with Findings: Check, Result (ok, warning, error, not made), Says, Remedy

Exit code: 0 no errors, 1 errors, 3 warnings and --strict. Further flags are those of \`strongroom serve\`.
Endpoint: --endpoint or STRONGROOM_ENDPOINT, else the address on which the settings make a server listen. Credentials: as for
\`strongroom kms\`.`

const OWN: FlagKinds = {
  ...CLIENT_FLAGS,
  backup: 'value',
  'root-key-copy': 'value',
  RegionId: 'value',
  strict: 'bare',
  json: 'bare',
}

const COLOURS: Readonly<Record<Result, string>> = { ok: '32', warning: '33', error: '31', 'not made': '2' }
const WARNED = 3

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function doctor(args: readonly string[], around: Surroundings): Promise<number> {
  if (printsHelp(args, USAGE, around)) return 0
  const flags = readFlags(args, { ...SETTING_FLAGS, ...OWN }, 'doctor')
  const found = await examined(flags, around)
  if (found.every(({ check, result }) => check === 'settings' || result === 'not made'))
    throw new UsageError(`there is nothing to check here: name a data folder with --data, or a server with --endpoint`)
  const findings = CHECKS.flatMap((check) => found.filter((finding) => finding.check === check))
  const count = (result: Result) => findings.filter((finding) => finding.result === result).length
  const [errors, warnings] = [count('error'), count('warning')]
  if (flags.has('json')) around.print(JSON.stringify({ Findings: findings.map(asJson) }, null, 2))
  else {
    for (const finding of findings) around.print(line(finding, around))
    const notMade = counted(count('not made'), 'check')
    around.print(`${counted(errors, 'error')}, ${counted(warnings, 'warning')}, ${notMade} not made`)
  }
  if (errors > 0) return 1
  return warnings > 0 && flags.has('strict') ? WARNED : 0
}

function asJson({ check, result, says, remedy }: Finding) {
  return { Check: check, Result: result, Says: says, ...(remedy && { Remedy: remedy }) }
}

function line({ check, result, says, remedy }: Finding, around: Surroundings): string {
  const { printsToTerminal } = around
  const width = Math.max(...CHECKS.map(({ length }) => length))
  const shown = result.padEnd(8)
  const coloured = hasColours(around) ? `\x1b[${COLOURS[result]}m${shown}\x1b[0m` : shown
  const text = `${says}${remedy && `: ${remedy}`}`
  const indent = ' '.repeat(8 + 2 + width + 2)
  const { columns } = around.output as Partial<NodeJS.WriteStream>
  const lines = printsToTerminal && columns ? wrapped(text, columns - indent.length) : [text]
  return `${coloured}  ${check.padEnd(width)}  ${lines.join(`\n${indent}`)}`
}

/** Breaks the text into lines of at most `columns` characters. Longer words stay whole. */
function wrapped(text: string, columns: number): readonly string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line === '') lines[lines.length - 1] = word
    else if (line.length + 1 + word.length <= columns) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}

async function examined(flags: Flags, around: Surroundings): Promise<readonly Finding[]> {
  const settings = settingsOf(flags, around)
  const usable = 'listen' in settings ? settings : null
  const closed = usable && checkAccess(usable.data)
  const folder = usable && !closed ? statOf(usable.data) : null
  const now = SYSTEM.now()
  const local = async (named: Settings) =>
    closed ? [closed, ...notMade(LOCAL.slice(1), UNREAD)] : localFindings(named, folder, flags, around)
  return [
    ...(usable ? [findingsOf('settings').ok('they can be used')] : [settings as Finding]),
    ...(usable ? await local(usable) : notMade(LOCAL, 'the settings are wrong')),
    ...(await remoteFindings(usable, folder !== null || closed !== null, flags, around)),
    checkBackup(flags.get('backup'), now),
    closed ? findingsOf("root key's copy").notMade(UNREAD) : checkCopy(flags.get('root-key-copy'), usable, folder),
  ]
}

const UNREAD = "the data folder can't be read"
const LOCAL = ['data folder', 'disk space', 'database', 'root key', 'witness', 'certificate'] as const

function notMade(checks: readonly Check[], why: string): readonly Finding[] {
  return checks.map((check) => findingsOf(check).notMade(why))
}

/** The settings, or the finding that they are wrong. */
function settingsOf(flags: Flags, { env, readFile }: Surroundings): Settings | Finding {
  try {
    return settingsFrom(flags, env, readFile)
  } catch (error) {
    return findingsOf('settings').error((error as Error).message, 'see `strongroom serve --help`')
  }
}

async function localFindings(
  settings: Settings,
  folder: Stats | null,
  flags: Flags,
  { env, readFile }: Surroundings,
): Promise<readonly Finding[]> {
  const now = SYSTEM.now()
  const named = flags.has('data') || Boolean(env['STRONGROOM_DATA'])
  const missing = `there is no folder \`${settings.data}\``
  if (!folder && settings.database === null)
    return [
      ...notMade(
        LOCAL.filter((check) => !(named && check === 'data folder')),
        missing,
      ),
      ...(named
        ? [findingsOf('data folder').error(missing, 'correct --data, or start the server, which creates it')]
        : []),
    ]
  return [
    ...(folder
      ? [...checkFolder(settings, folder), checkSpace(settings.data)]
      : notMade(['data folder', 'disk space'], missing)),
    ...(await checkStored({ settings, now, random: SYSTEM, folder })),
    ...checkCertificateFiles(settings, now, readFile),
  ]
}

const ASKING = Object.keys(ASKED) as Check[]
const BY_ENDPOINT: readonly Check[] = ['clock', 'credentials', ...ASKING]

/** `isHere`: whether the server's data folder is on this machine. */
async function remoteFindings(
  settings: Settings | null,
  isHere: boolean,
  flags: Flags,
  around: Surroundings,
): Promise<readonly Finding[]> {
  const { env } = around
  const named = flags.has('endpoint') || flags.has('profile') || Boolean(env['STRONGROOM_ENDPOINT'])
  const at = named || !settings || !isHere ? flags : ofOwnServer(flags, settings)
  const options = await optionsOf(at, around)
  const server = options instanceof Error ? serverOptions(at, around) : options
  const { answers, findings } = await checkEndpoint({ ...server, now: () => SYSTEM.now() }, named)
  if (!answers) return [...findings, ...notMade(BY_ENDPOINT, `no Strongroom server answers at ${server.endpoint}`)]
  if (options instanceof Error)
    return [
      ...findings,
      findingsOf('credentials').notMade(options.message),
      ...notMade(ASKING, 'there are no credentials'),
    ]
  const region = flags.get('RegionId')
  const call = (action: string, version: string, parameters = {}) => {
    const regional = region === undefined ? [] : [['RegionId', region] as const]
    const all = [
      ['Action', action] as const,
      ['Version', version] as const,
      ...regional,
      ...Object.entries<string>(parameters),
    ]
    return ask(new Map(all), { ...options, now: SYSTEM.now() })
  }
  return [...findings, ...(await checkService(call, options.whence))]
}

/** The options of calls, or the reason why there are none. */
async function optionsOf(flags: Flags, around: Surroundings): Promise<CallAs | Error> {
  try {
    return await clientOptions(flags, around)
  } catch (error) {
    return error as Error
  }
}

/**
 * The flags, completed for the server that these settings describe: its address, its local CA, and its data folder if that holds an
 * AccessKey.
 */
function ofOwnServer(flags: Flags, { listen, tls, data }: Settings): Flags {
  const { host = '127.0.0.1', port = 7700 } = listen[0] ?? {}
  const reached = { host: host === '0.0.0.0' || host === '::' ? 'localhost' : host, port }
  // With --data, the client takes the AccessKey from that folder or refuses. Without an AccessKey there, log-ons and profiles remain.
  const own = data !== './data' && existsSync(credentialsFile(data)) ? flags.with('data', data) : flags
  const at = own.with('endpoint', `${tls ? 'https' : 'http'}://${hostAndPort(reached)}`)
  const ca = localAuthority({ tls, data })
  return ca !== null && !flags.has('ca-file') && existsSync(ca) ? at.with('ca-file', ca) : at
}
