// Sessions on several processes and servers, and over TLS: what ends on one is over on all, at the next call.
import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { selfSigned } from '../../src/gateway/certificates.ts'
import { type Program, removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { openTestHouse } from '../house.ts'
import { startPostgresql } from '../storage/postgresql-server.ts'
import { Browser } from './browser.ts'

const pairOf = ({ credentials }: Pick<Program, 'credentials'>) => ({
  AccessKeyId: credentials.accessKeyId,
  AccessKeySecret: credentials.accessKeySecret,
})
const codeFrom = async (browser: Browser) => (await browser.call('Kms/ListKeys')).body.Code ?? 'OK'

/** The same cookies at another server, or in another connection. */
function copied(browser: Browser, at: Pick<Program, 'endpoint'>): Browser {
  const copy = new Browser(at)
  for (const [name, value] of browser.cookies) copy.cookies.set(name, value)
  return copy
}

describe('a session of the console', () => {
  it('is valid on all workers, and ends on all at once', async () => {
    const data = temporaryFolder()
    const program = await startProgram({ data, flags: ['--workers', '2'] })
    try {
      for (let round = 0; round < 3; round++) {
        const browser = new Browser(program)
        assert.equal(await browser.outcome(pairOf(program)), 'OK')
        const copy = copied(browser, program)
        const all = () => Promise.all(Array.from({ length: 6 }, () => codeFrom(copy)))
        assert.deepEqual(new Set(await all()), new Set(['OK']))
        assert.equal((await browser.logOff()).status, 200)
        assert.deepEqual(new Set(await all()), new Set(['Session.None']))
      }
    } finally {
      await program.stop()
      removeFolder(data)
    }
  })

  it('gets as few attempts from all workers together as from one, and /metrics counts them together', async () => {
    const program = await startProgram({ flags: ['--workers', '2', '--metrics-listen', '127.0.0.1:0'] })
    try {
      assert.equal(await new Browser(program).outcome(pairOf(program)), 'OK')
      const guess = { AccessKeyId: 'LTAInobody', AccessKeySecret: 'guess' }
      const began = performance.now()
      const outcomes = await Promise.all(Array.from({ length: 60 }, () => new Browser(program).outcome(guess)))
      // Ten at once, and one more in each three seconds.
      const most = 11 + (performance.now() - began) / 3000
      const failed = outcomes.filter((one) => one === 'LogOn.Failed').length
      assert.ok(failed >= 10 && failed <= most, `${failed} of ${most}`)
      assert.equal(outcomes.filter((one) => one === 'LogOn.Throttled').length, 60 - failed)
      const text = await (await fetch(program.metrics ?? '')).text()
      const counted = (outcome: string) =>
        Number(new RegExp(`^strongroom_log_ons_total\\{outcome="${outcome}"\\} (\\d+)$`, 'm').exec(text)?.[1])
      assert.deepEqual(['OK', 'LogOn.Failed', 'LogOn.Throttled'].map(counted), [1, failed, 60 - failed])
    } finally {
      await program.stop()
    }
  })

  it('is valid on both servers of one PostgreSQL, ends on both at once, and shows on one what the other changed', async () => {
    await using server = await startPostgresql()
    const flags = ['--database', server.database()]
    const [data, second] = [temporaryFolder(), temporaryFolder()]
    const one = await startProgram({ data, flags })
    for (const file of ['root-key', 'root-credentials.json']) copyFileSync(join(data, file), join(second, file))
    const two = await startProgram({ data: second, flags })
    try {
      for (let round = 0; round < 3; round++) {
        const browser = new Browser(one)
        assert.equal(await browser.outcome(pairOf(one)), 'OK')
        const copy = copied(browser, two)
        assert.equal(await codeFrom(copy), 'OK')
        assert.equal((await copy.logOff()).status, 200)
        assert.equal(await codeFrom(browser), 'Session.None')
      }
      const browser = new Browser(one)
      assert.equal(await browser.outcome(pairOf(one)), 'OK')
      const other = copied(browser, two)
      const policy = { PolicyType: 'System', PolicyName: 'AliyunKMSReadOnlyAccess', UserName: 'dev' }
      const question = { Principal: 'user/dev', Questions: [{ Action: 'kms:ListKeys' }] }
      const allowed = async () => (await browser.ask('POST', '/console/api/simulate', question)).body.Answers[0].Allowed
      const alias = async () => (await browser.session()).body.Session.AccountAlias
      assert.equal((await other.call('Ram/CreateUser', { UserName: 'dev' })).status, 200)
      for (let round = 0; round < 3; round++) {
        assert.equal((await other.call('Ram/AttachPolicyToUser', policy)).status, 200)
        assert.equal(await allowed(), true)
        assert.equal((await other.call('Ram/DetachPolicyFromUser', policy)).status, 200)
        assert.equal(await allowed(), false)
        assert.equal((await other.call('Ram/SetAccountAlias', { AccountAlias: `round-${round}` })).status, 200)
        assert.equal(await alias(), `round-${round}`)
      }
    } finally {
      await one.stop()
      await two.stop()
      for (const folder of [data, second]) removeFolder(folder)
    }
  })

  it('has over TLS a cookie that no other host can set and no plain request carries', async () => {
    const folder = temporaryFolder()
    const tls = await selfSigned(folder, ['127.0.0.1'], Date.now())
    await using house = await openTestHouse(null, [], { tls })
    const body = JSON.stringify(pairOf(house))
    const headers = { 'x-strongroom-console': '1', 'content-type': 'application/json', 'content-length': body.length }
    const cookies = await new Promise<readonly string[] | undefined>((resolve, reject) => {
      const asked = request(
        `${house.endpoint}/console/session`,
        { method: 'POST', headers, agent: new Agent({ rejectUnauthorized: false }) },
        (answer) => {
          answer.resume()
          answer.once('end', () => resolve(answer.headers['set-cookie']))
        },
      )
      asked.once('error', reject)
      asked.end(body)
    })
    assert.match(cookies?.[0] ?? '', /^__Host-strongroom=[\w-]+; Path=\/; Secure; HttpOnly; SameSite=Strict$/)
    removeFolder(folder)
  })
})
