// One failure, again and again, in one deployment. Runs in a cell (cell.ts); writes a line of JSON for each run to standard output.
import '../owned.ts'
import { setTimeout as pause } from 'node:timers/promises'
import { type History, startHistory } from '../histories/recorder.ts'
import { makeToken } from '../keystore/pkcs11/tokens.ts'
import { until } from '../until.ts'
import { Callers } from './callers.ts'
import { JUDGES } from './cell.ts'
import { ACCOUNT, Deployment, formerProgram } from './deployment.ts'
import { FAILURES, type Failure } from './failures.ts'
import { wrongs } from './verdict.ts'

/** What a run showed. Times are seconds. */
export interface Shown {
  readonly calls: number
  /** How often clients saw each error. */
  readonly errors: Readonly<Record<string, number>>
  /** From the moment at which the database commits again and nothing is broken until each server serves. */
  readonly resumed: number
  /** The longest time in which no client got an answer. */
  readonly gap: number
  /** What is wrong; empty when all is well. */
  readonly wrongs: readonly string[]
}

/** What takes longer never comes, even on a busy machine. */
const PATIENCE_MS = 90_000
/** How many calls each run makes before and after the failure. */
const CALLS_AROUND = 60
/** What the histories of each run are about, in turn. */
const FAMILIES = [
  ['key', 'duel'],
  ['aliases', 'access keys'],
  ['access', 'material'],
] as const
const HISTORY_CLIENTS = 3

/** What is wrong, as far as it is known. */
class Wrongs {
  readonly found: string[] = []

  /** Notes why work fails, if it does. */
  async unless(work: Promise<unknown>, otherwise: string): Promise<void> {
    await work.catch((error: Error) => void this.found.push(`${otherwise}: ${error.message}`))
  }

  /** Waits for what must come in the end; says whether it came. */
  async inTime(what: Promise<void>, otherwise: string): Promise<boolean> {
    const waiting = new AbortController()
    const came = what.then(
      () => null,
      (error: Error) => error.message,
    )
    const late = pause(PATIENCE_MS, `after ${PATIENCE_MS / 1000} s`, { signal: waiting.signal }).catch(() => null)
    const why = await Promise.race([came, late])
    waiting.abort()
    if (why !== null) this.found.push(`${otherwise}: ${why}`)
    return why === null
  }
}

async function run(rig: Deployment, failure: Failure, n: number): Promise<Shown> {
  const since = Date.now()
  const wrong = new Wrongs()
  const callers = new Callers(rig.endpoint, rig.options.token !== undefined)
  const history = startHistory({
    // The former release is not judged: it is known for what this one has repaired.
    endpoints: () => rig.servers.map(({ isCurrent, endpoint }) => (isCurrent ? endpoint : '')),
    credentials: ACCOUNT,
    clients: HISTORY_CLIENTS,
    families: FAMILIES[n % FAMILIES.length] ?? [],
  })
  await (failure.beginsFormer ? callers.reach(CALLS_AROUND) : enough(callers, history))
  const harm = await failure.strike(rig, n)
  await harm.end?.()
  await rig.cluster.writable()
  const from = performance.now()
  const serves = await wrong.inTime(allServe(rig, callers.keys[0]?.keyId ?? ''), 'not all servers serve')
  const resumed = (performance.now() - from) / 1000
  await harm.repair?.()
  await wrong.inTime(rig.cluster.whole(), 'there is no synchronous standby')
  if (serves) await wrong.inTime(enough(callers, history), 'calls do not succeed')
  await wrong.unless(callers.stop(), 'callers')
  await wrong.unless(history.stop(), 'history')
  if (process.env[JUDGES] === '1') await wrong.unless(history.judge(), 'not linearizable')
  const errors: Record<string, number> = {}
  for (const { code } of callers.failed) errors[code] = (errors[code] ?? 0) + 1
  return {
    calls: callers.acknowledged.size + history.calls,
    errors,
    resumed,
    gap: callers.longestGap / 1000,
    wrongs: [...wrong.found, ...(await wrongs(rig, callers, since))],
  }
}

/** Waits until callers and history have made some calls more. */
async function enough(callers: Callers, history: History): Promise<void> {
  await Promise.all([
    callers.reach(callers.acknowledged.size + CALLS_AROUND),
    history.reach(history.calls + CALLS_AROUND),
  ])
}

async function allServe({ servers }: Deployment, keyId: string): Promise<void> {
  await Promise.all(servers.map((server) => until(() => server.serves(keyId))))
}

async function begin({ options = {}, needsToken, beginsFormer }: Failure): Promise<Deployment> {
  const token = needsToken ? makeToken('SoftHSM2') : undefined
  const former = beginsFormer ? formerProgram() : null
  return Deployment.begin({ ...options, token, former })
}

function named(name: string): Failure {
  const failure = FAILURES.find((one) => one.name === name)
  if (!failure) throw new Error(`no failure ${name}`)
  return failure
}

const [runs, first, ...names] = process.argv.slice(2)
const failures = names.map(named)
// Failures that run together take the same deployment.
const rig = await begin(failures[0] ?? named(''))
for (let n = Number(first); n < Number(first) + Number(runs); n++)
  for (const failure of failures) {
    const shown = await run(rig, failure, n)
    process.stdout.write(`${JSON.stringify(shown)}\n`)
    if (shown.wrongs.length > 0) process.stderr.write(`${rig.logs()}\n`)
  }
await rig.end()
process.exit()
