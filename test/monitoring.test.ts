// What watches a server, in deploy/monitoring: its metrics exist, its rules work, and each alarm has its section in docs/operations.md.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { removeFolder, startProgram, temporaryFolder } from './acceptance/program.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FOLDER = join(ROOT, 'deploy/monitoring')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const metrics = metricsOfServer()

/** What a server answers at /metrics that serves HTTPS, and these metrics over HTTP. */
async function metricsOfServer(): Promise<string> {
  const program = await startProgram({ flags: ['--metrics-listen', '127.0.0.1:0', '--tls', 'self-signed'] })
  try {
    return await (await fetch(program.metrics ?? '')).text()
  } finally {
    await program.stop()
    removeFolder(program.data)
  }
}

const hasPromtool = spawnSync('promtool', ['--version']).status === 0

/** The metrics that a text names. A histogram's series count as the histogram. */
function metricsIn(text: string): Set<string> {
  const names = text.matchAll(/\b(?:strongroom|process|nodejs)_[a-z0-9_]*[a-z0-9]\b/g)
  return new Set([...names].map(([name]) => name.replace(/_(bucket|sum|count)$/, '')))
}

interface Panel {
  readonly title: string
  readonly targets?: readonly { readonly expr: string }[]
}

const dashboard: { readonly panels: readonly Panel[] } = JSON.parse(read('deploy/monitoring/dashboard.json'))
const alerts = read('deploy/monitoring/alerts.yaml')
const names = [...alerts.matchAll(/^ +- alert: (\w+)$/gm)].map(([, name = '']) => name)

describe('the metrics', () => {
  it('say that the server is ready, has logged no error, and when its certificate expires', async () => {
    const shown = (name: string) => new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]
    const text = await metrics
    assert.equal(shown('strongroom_ready'), '1')
    assert.equal(shown('strongroom_errors_logged_total'), '0')
    const days = (Number(shown('strongroom_certificate_expiry_timestamp_seconds')) - Date.now() / 1000) / 86_400
    assert.ok(days > 396 && days <= 397, `${days}`)
    // There is no HSM.
    assert.equal(shown('strongroom_hsm_up'), undefined)
  })

  it('that dashboard, alert rules and pages name are those of a server, and the pages list each of its own', async () => {
    const text = await metrics
    const served = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name))
    const own = [...served].filter((name) => name.startsWith('strongroom_'))
    assert.ok(own.length > 15)
    const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    const sources = {
      'deploy/monitoring/dashboard.json': expressions.join('\n'),
      'deploy/monitoring/alerts.yaml': alerts,
      'deploy/monitoring/alerts.test.yaml': read('deploy/monitoring/alerts.test.yaml'),
      ...Object.fromEntries(globSync('{*,docs/*}.md', { cwd: ROOT }).map((page) => [page, read(page)])),
    }
    for (const [source, named] of Object.entries(sources))
      for (const name of metricsIn(named))
        assert.ok(served.has(name) || OTHERS.includes(name), `${source} names ${name}, which no server has`)
    const [table = ''] = /^\| metric .*?\n\n/ms.exec(read('docs/running.md')) ?? []
    assert.deepEqual([...metricsIn(table)].toSorted(), own.filter((name) => !FORMER.includes(name)).toSorted())
  })
})

/** No metrics: a user of a database in docs/rotation.md, a volume in docs/containers.md, a section of OpenSSL's configuration in docs/fips.md. */
const OTHERS = ['strongroom_rotator', 'strongroom_data', 'nodejs_conf']

/** Names that the next release drops, which the page has below its table. */
const FORMER = ['strongroom_strangers_total']

describe('the alert rules', () => {
  it('link to a section of docs/operations.md each, and each of its sections has a rule and a test', () => {
    const [, part = ''] = read('docs/operations.md').split('## Respond to an alarm\n')
    const sections = [...part.matchAll(/^### (.+)$/gm)].map(([, title = '']) => title)
    assert.deepEqual(sections, names)
    const links = [...alerts.matchAll(/runbook_url: https:\/\/kms\.example\.com\/docs\/operations#(\S+)$/gm)]
    assert.deepEqual(
      links.map(([, anchor]) => anchor),
      names.map((name) => name.toLowerCase()),
    )
    const tested = [...read('deploy/monitoring/alerts.test.yaml').matchAll(/alertname: (\w+)$/gm)]
    assert.deepEqual(
      tested.map(([, name]) => name),
      names,
    )
  })

  it('and the queries of the dashboard are well formed, and alarms come when they should', {
    skip: hasPromtool ? false : 'not run: no promtool here',
  }, () => {
    const run = (...args: string[]) => {
      const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: FOLDER, encoding: 'utf8' })
      assert.equal(status, 0, stdout + stderr)
    }
    run('check', 'rules', 'alerts.yaml')
    run('test', 'rules', 'alerts.test.yaml')
    const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    const rules = expressions.map((expr, i) => ({
      record: `panel:${i}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }))
    assert.ok(rules.length > 20)
    const file = join(temporaryFolder(), 'dashboard.yaml')
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
    run('check', 'rules', file)
  })
})
