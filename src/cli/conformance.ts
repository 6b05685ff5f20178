// `strongroom conformance`: judges a server of the KMS protocol by the cases in conformance/.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { cloudRegion } from '../conformance/call.ts'
import { CaseError, readSuite, type Suite } from '../conformance/case.ts'
import type { Machine } from '../conformance/machine.ts'
import { OPTIONAL_GROUPS, type Plan, planOf } from '../conformance/plan.ts'
import { jsonReport, textReport, verdictOf } from '../conformance/report.ts'
import { runSuite } from '../conformance/run.ts'
import { type FlagKinds, type Flags, readFlags } from '../settings/flags.ts'
import { UsageError } from '../settings/usage-error.ts'
import { ask } from './ask.ts'
import type { ClientOptions } from './client.ts'
import { CLIENT_FLAGS, clientOptions } from './client-options.ts'
import { printsHelp } from './help.ts'
import { stopSignal } from './stop-signal.ts'
import type { Surroundings } from './surroundings.ts'

const USAGE = `usage: strongroom conformance [--endpoint URL] [--region ID] [--only PATTERN] [--with GROUPS] [--patience SECONDS]
                             [--read-only-cases] [--yes] [--json] [--list] [--cases FOLDER] [--ca-file FILE] [--data DIR]

Tests any server with the KMS API by the cases in conformance/, and prints a report by operation. It creates keys, aliases and secrets
with a name or tag of the run. It deletes them at the end, also after a failure; keys are deleted after 7 days. It changes nothing else.

  --region           the region of the keys; by default the region in the endpoint's name, or else the first that the server lists
  --only             only cases whose GROUP/NAME or operation contains this text, or matches it if it has a *
  --with             optional groups, separated by commas: ram (users, groups, roles, policies), sts; and, without effect on the verdict,
                     choices (of Strongroom where the documentation is silent) and extensions (that only Strongroom has)
  --patience         also runs the cases about events, and waits this number of seconds for each event; in the cloud, events take
                     minutes. It is also the time limit for new credentials and policies to take effect
  --read-only-cases  only cases that change nothing
  --yes              starts without asking
  --list             prints the chosen cases, and calls nothing
  --json             prints the report as JSON
  --cases            another folder of cases

Exit code: 0 if all cases passed; 1 if a case failed or could not run, or if a resource remains; 2 for a wrong command line.

Endpoint: --endpoint or STRONGROOM_ENDPOINT (http://127.0.0.1:7700). Below aliyuncs.com, the other products are called at their own hosts.
Credentials: ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and, with temporary ones, ALIBABA_CLOUD_SECURITY_TOKEN;
without them root-credentials.json in --data (./data).`

const FLAGS = {
  ...CLIENT_FLAGS,
  region: 'value',
  only: 'value',
  with: 'value',
  patience: 'value',
  'read-only-cases': 'bare',
  yes: 'bare',
  json: 'bare',
  list: 'bare',
  cases: 'value',
} as const satisfies FlagKinds

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function conformance(args: readonly string[], around: Surroundings): Promise<number> {
  if (printsHelp(args, USAGE, around)) return 0
  const flags = readFlags(args, FLAGS, 'conformance')
  const suite = suiteIn(flags.get('cases') ?? CASES)
  const patienceMs = patienceOf(flags) * 1000
  const choice = {
    only: flags.get('only') ?? null,
    withGroups: groupsOf(flags),
    patienceMs,
    readOnly: flags.has('read-only-cases'),
  }
  const plan = planOf(suite, choice)
  if (plan.cases.length === 0) throw new UsageError('no case is chosen: see `strongroom conformance --list`')
  if (flags.has('list')) {
    for (const { group, name, operation } of plan.cases) around.print(`${group}/${name} (${operation})`)
    return 0
  }
  const options = await clientOptions(flags, around)
  const region = flags.get('region') ?? cloudRegion(new URL(options.endpoint).hostname) ?? (await firstRegion(options))
  if (!(await agreed(plan, flags, options.endpoint, around))) return 1
  return judged(plan, suite, { options, region, patienceMs, json: flags.has('json') }, around)
}

interface Judging {
  readonly options: ClientOptions
  readonly region: string
  readonly patienceMs: number
  readonly json: boolean
}

async function judged(
  plan: Plan,
  suite: Suite,
  { options, region, patienceMs, json }: Judging,
  around: Surroundings,
): Promise<number> {
  const { endpoint, ca, accessKeyId, accessKeySecret, securityToken } = options
  const credentials = {
    AccessKeyId: accessKeyId,
    AccessKeySecret: accessKeySecret,
    SecurityToken: securityToken ?? undefined,
  }
  let isStopped = false
  void stopSignal().then(() => {
    isStopped = true
    around.complain('stopping after this case, and removing what the run has created')
  })
  const ran = await runSuite(plan.cases, suite, {
    target: { endpoint, region, credentials, ca },
    machine: MACHINE,
    patienceMs,
    stopped: () => isStopped,
    progress: (done, total) => around.status(`${done} of ${total} cases`),
  })
  around.status('')
  around.print(json ? jsonReport(ran, { endpoint, region }) : textReport(ran))
  return verdictOf(ran).conforms && ran.left.length === 0 ? 0 : 1
}

/** The suite of this checkout. */
const CASES = fileURLToPath(new URL('../../conformance/', import.meta.url))

/** Reads the cases below a folder. Throws UsageError for a folder that holds no suite. */
export function suiteIn(folder: string): Suite {
  const paths = globSync('*/*.json', { cwd: folder }).toSorted()
  if (paths.length === 0)
    throw new UsageError(`\`${folder}\` has no cases: name a folder like conformance/ with --cases`)
  try {
    return readSuite(paths.map((path) => ({ path, text: readFileSync(join(folder, path), 'utf8') })))
  } catch (error) {
    throw error instanceof CaseError ? new UsageError(error.message) : error
  }
}

export const MACHINE: Machine = {
  now: () => Date.now(),
  pause: (ms) => pause(ms),
  randomBytes: (length) => randomBytes(length),
  rsaPair: () =>
    generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    }),
}

function patienceOf(flags: Flags): number {
  const text = flags.get('patience') ?? '0'
  if (!/^\d{1,4}$/.test(text)) throw new UsageError(`--patience is a number of seconds up to 9999, not \`${text}\``)
  return Number(text)
}

function groupsOf(flags: Flags): readonly string[] {
  const groups = (flags.get('with') ?? '').split(',').filter((group) => group !== '')
  const unknown = groups.find((group) => !OPTIONAL_GROUPS.includes(group))
  if (unknown !== undefined)
    throw new UsageError(
      `--with takes ${OPTIONAL_GROUPS.join(', ')}, not \`${unknown}\`; every other group runs anyway`,
    )
  return groups
}

/** The first region that the server lists. Rejects with the fault of the endpoint or the credentials. */
async function firstRegion(options: ClientOptions): Promise<string> {
  const { status, answer } = await ask(
    new Map([
      ['Action', 'DescribeRegions'],
      ['Version', '2016-01-20'],
    ]),
    options,
  )
  if (status >= 300)
    throw new Error(`${options.endpoint} refuses DescribeRegions: ${answer['Code']}: ${answer['Message']}`)
  const { Region = [] } = (answer['Regions'] ?? {}) as { Region?: readonly { RegionId: string }[] }
  const region = Region[0]?.RegionId
  if (region === undefined) throw new Error(`${options.endpoint} lists no region: name one with --region`)
  return region
}

/** Prints what the run will create, and asks whether to go on. Throws UsageError without a terminal. */
async function agreed(plan: Plan, flags: Flags, endpoint: string, around: Surroundings): Promise<boolean> {
  if (plan.makes.size === 0) return true
  const list = [...plan.makes].map(([operation, count]) => `${count} × ${operation}`).join(', ')
  const notice = [
    `the chosen cases (${plan.cases.length}) at ${endpoint} will call, at most: ${list}.`,
    'the run marks all of it by a name or tag, and removes it at the end; keys are deleted 7 days later, and count towards quotas until then.',
    'a cloud may charge for keys, secrets and calls.',
  ]
  for (const line of notice) around.complain(line)
  if (flags.has('yes')) return true
  if (!around.ask) throw new UsageError('there is no terminal for the confirmation: use --yes to start')
  return (await around.ask('Type yes to start (what you type is not shown): ')).trim() === 'yes'
}
