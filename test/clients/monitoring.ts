// deploy/monitoring as its users have it: a dashboard of the shape that Grafana publishes, and a Prometheus that scrapes a server, evaluates every
// query of the dashboard, and loads every rule.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { callOperation } from '../../src/cli/client.ts'
import { type Credentials, type Program, removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { freePort } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'
import { lacks, succeeds } from './debian.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DASHBOARD = readFileSync(join(ROOT, 'deploy/monitoring/dashboard.json'), 'utf8')

/** Panels that are empty while there is no HSM, no trail is delivered, nobody logs on, and no connection was closed. */
const EMPTY = [
  'Connections closed without an answer',
  'Delivery',
  'HSM',
  'Log-ons to the console',
  'Uses of key versions',
]

interface Panel {
  readonly title: string
  readonly targets?: readonly { readonly expr: string }[]
}

interface Rules {
  readonly groups: readonly { readonly rules: readonly { name: string; health: string; state: string }[] }[]
}

describe('the dashboard', () => {
  const folder = temporaryFolder()
  after(() => removeFolder(folder))

  it('is a Dashboard of @grafana/schema', () => {
    succeeds('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', '@grafana/schema@13.2.3'])
    // JSON has the text of an enumeration's member, which TypeScript takes for no member.
    const dashboard = DASHBOARD.replaceAll('"mode": "absolute"', '"mode": ThresholdsMode.Absolute')
    writeFileSync(
      join(folder, 'dashboard.mts'),
      `import { type Dashboard, ThresholdsMode } from '@grafana/schema'
function check<const T extends Dashboard>(dashboard: T): T { return dashboard }
check(${dashboard})`,
    )
    const types = ['--noEmit', '--strict', '--target', 'esnext', '--module', 'nodenext', '--skipLibCheck']
    succeeds(join(ROOT, 'node_modules/.bin/tsc'), [...types, 'dashboard.mts'], { cwd: folder })
  })
})

describe('Prometheus', { skip: lacks('prometheus') }, () => {
  const folder = temporaryFolder()
  let server: Program
  let prometheus: ChildProcess
  let address = ''
  before(async () => {
    server = await startProgram({ flags: ['--metrics-listen', '127.0.0.1:0', '--tls', 'self-signed'] })
    address = `127.0.0.1:${await freePort()}`
    const configuration = {
      global: { scrape_interval: '2s', evaluation_interval: '1s' },
      rule_files: ['alerts.yaml'],
      scrape_configs: [{ job_name: 'strongroom', static_configs: [{ targets: [new URL(server.metrics ?? '').host] }] }],
    }
    copyFileSync(join(ROOT, 'deploy/monitoring/alerts.yaml'), join(folder, 'alerts.yaml'))
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(configuration))
    mkdirSync(join(folder, 'data'))
    const args = ['--config.file', join(folder, 'prometheus.yml'), '--storage.tsdb.path', join(folder, 'data')]
    prometheus = spawn('prometheus', [...args, '--web.listen-address', address], { stdio: 'ignore' })
    await until(async () => (await asked<Vector>('query', { query: 'count_over_time(up[1h])' }))?.result.length === 1)
  })
  after(async () => {
    prometheus.kill('SIGKILL')
    await once(prometheus, 'close')
    await server.stop()
    removeFolder(server.data)
    removeFolder(folder)
  })

  interface Vector {
    readonly resultType: string
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[]
  }
  /** What Prometheus answers; null while it does not serve. */
  const asked = async <T>(path: string, parameters: Record<string, string> = {}): Promise<T | null> => {
    const url = `http://${address}/api/v1/${path}?${new URLSearchParams(parameters)}`
    const answer = await fetch(url).catch(() => null)
    if (!answer || answer.status === 503) return null
    const { status, data, error } = (await answer.json()) as { status: string; data: T; error?: string }
    assert.equal(status, 'success', `${error}: ${parameters['query']}`)
    return data
  }
  const result = async (query: string) => {
    const answer = await asked<Vector>('query', { query })
    assert.equal(answer?.resultType, 'vector', query)
    return answer.result
  }

  it('has a number for every query of the dashboard', async () => {
    const ca = readFileSync(join(server.data, 'tls/ca.pem'), 'utf8')
    const connection = { endpoint: server.endpoint, securityToken: null, ca }
    const call = (Action: string, more: Record<string, string>, credentials: Credentials = server.credentials) =>
      callOperation(new Map(Object.entries({ Action, Version: '2016-01-20', ...more })), {
        ...connection,
        ...credentials,
        now: Date.now(),
      })
    const seen = async () => {
      await call('CreateKey', {})
      await call('DescribeKey', { KeyId: 'absent' })
      await call('ListKeys', {}, { ...server.credentials, accessKeyId: 'LTAInobody' })
      return (await result('count_over_time(strongroom_calls_total{outcome!="OK"}[1h]) > 2')).length > 0
    }
    await until(seen)
    const panels: readonly Panel[] = JSON.parse(DASHBOARD).panels
    const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))
    assert.ok(queries.length > 20)
    for (const { title, expr } of queries) {
      const query = expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', '.*')
      // A scrape that a busy machine ends late leaves a gap.
      await until(async () => (await result(query)).length > 0 || EMPTY.includes(title))
      for (const { value } of await result(query)) assert.ok(Number.isFinite(Number(value[1])), `${title}: ${value[1]}`)
    }
  })

  it('evaluates every alert rule, and a server at rest gives no alarm', async () => {
    const all = async () => ((await asked<Rules>('rules')) as Rules).groups.flatMap(({ rules }) => rules)
    await until(async () => (await all()).every(({ health }) => health !== 'unknown'))
    const rules = await all()
    assert.ok(rules.length > 20)
    assert.deepEqual(
      rules.filter(({ health, state }) => health !== 'ok' || state === 'firing').map(({ name }) => name),
      [],
    )
  })
})
