// A renewed certificate is served without a restart, however its files are replaced, and open connections go on.
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { isoSeconds } from '../../src/api/time.ts'
import { selfSigned } from '../../src/gateway/certificates.ts'
import type { Tls } from '../../src/gateway/server-certificate.ts'
import { until } from '../until.ts'
import { startProgram, temporaryFolder, workersOf } from './program.ts'

/** As many connections at once as reach every worker. */
const CONNECTIONS = 8

const authority = temporaryFolder()
const HOUR_MS = 3_600_000
/** A certificate, made so many hours ago, and its key. */
const newPair = (hours: number) => selfSigned(authority, ['127.0.0.1'], Date.now() - hours * HOUR_MS)

/** The files of a certificate, laid out as Kubernetes mounts a Secret: all are replaced at once when one link is switched. */
class MountedSecret {
  readonly #folder = temporaryFolder()
  readonly cert = join(this.#folder, 'tls.crt')
  readonly key = join(this.#folder, 'tls.key')
  #version = 0

  constructor(pair: Tls) {
    this.switch(pair)
    symlinkSync('..data/tls.crt', this.cert)
    symlinkSync('..data/tls.key', this.key)
  }

  switch({ cert, key }: Tls): void {
    const version = `..version-${++this.#version}`
    mkdirSync(join(this.#folder, version))
    writeFileSync(join(this.#folder, version, 'tls.crt'), cert)
    writeFileSync(join(this.#folder, version, 'tls.key'), key)
    symlinkSync(version, join(this.#folder, '..data_tmp'))
    renameSync(join(this.#folder, '..data_tmp'), join(this.#folder, '..data'))
  }

  /** Puts a file in the place of a link. */
  rename(path: string, text: string): void {
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  }

  remove(): void {
    for (const file of [this.cert, this.key]) rmSync(file)
  }
}

/** A client that makes all of its calls on one connection. */
class KeptConnection {
  readonly #agent: Agent
  readonly #url: string
  #port: number | undefined

  constructor(url: string, ca: Buffer) {
    this.#url = url
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, ca })
  }

  async answers(): Promise<string> {
    const [response] = await once(get(this.#url, { agent: this.#agent }), 'response')
    assert.equal(response.statusCode, 200)
    this.#port ??= response.socket.localPort
    assert.equal(response.socket.localPort, this.#port, 'the connection was opened again')
    return text(response)
  }

  close(): void {
    this.#agent.destroy()
  }
}

async function secured(url: string, ca: Buffer): Promise<TLSSocket> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), ca })
  await once(socket, 'secureConnect')
  return socket
}

/** The certificates that new connections to these addresses get, Base64 of DER. */
async function shown(urls: readonly string[], ca: Buffer): Promise<Set<string | undefined>> {
  const sockets = await Promise.all(urls.map((url) => secured(url, ca)))
  const found = new Set(sockets.map((socket) => socket.getPeerCertificate().raw.toString('base64')))
  await Promise.all(sockets.map((socket) => once(socket.end(), 'close')))
  return found
}

const base64Of = ({ cert }: Tls) => cert.replaceAll(/-----[^-]+-----|\s/g, '')
const isOnly = (found: ReadonlySet<string | undefined>, pair: Tls) => found.size === 1 && found.has(base64Of(pair))

const RENEWED = 'new connections get the renewed certificate'
const EXPIRY_METRIC = 'strongroom_certificate_expiry_timestamp_seconds'
const UNUSABLE = 'can not be used: the server keeps the certificate that it has'

describe('a renewed certificate', () => {
  for (const workers of [0, 2])
    it(`is served without a restart, with ${workers} workers`, async () => {
      const [first, second, third] = [await newPair(3), await newPair(2), await newPair(1)]
      const ca = readFileSync(first.caFile)
      const secret = new MountedSecret(first)
      const files = ['--tls-cert', secret.cert, '--tls-key', secret.key]
      const program = await startProgram({
        flags: [...files, '--metrics-listen', '0.0.0.0:0', '--workers', String(workers)],
      })
      const metrics = (program.metrics ?? '').replace('0.0.0.0', '127.0.0.1')
      const addresses: string[] = [...Array(CONNECTIONS).fill(program.endpoint), metrics]
      const scraper = new KeptConnection(metrics, ca)
      const kept = [new KeptConnection(`${program.endpoint}/healthz`, ca), scraper]
      const answer = () => Promise.all(kept.map((connection) => connection.answers()))
      /** Waits until all new connections get this certificate. Meanwhile those that are open answer. */
      const serves = (pair: Tls) =>
        until(async () => {
          await answer()
          return isOnly(await shown(addresses, ca), pair)
        })
      const logged = (text: string) => program.log().split(text).length - 1
      try {
        assert.ok(isOnly(await shown(addresses, ca), first))

        secret.switch({ cert: second.cert, key: first.key })
        await until(async () => {
          await answer()
          return logged(UNUSABLE) === 1
        })
        assert.ok(program.log().includes(`"file":"${secret.cert}","keyFile":"${secret.key}"`))
        assert.ok(isOnly(await shown(addresses, ca), first))
        assert.equal(logged(RENEWED), 0)

        secret.switch(second)
        await serves(second)
        await until(() => logged(RENEWED) === 1)
        const expiry = new X509Certificate(second.cert).validToDate.getTime()
        assert.ok(program.log().includes(`"validUntil":"${isoSeconds(expiry)}"`))
        assert.ok((await scraper.answers()).includes(`${EXPIRY_METRIC} ${expiry / 1000}\n`))

        secret.rename(secret.key, third.key)
        secret.rename(secret.cert, third.cert)
        await serves(third)
        assert.equal(await program.stop(), 0)
      } finally {
        for (const connection of kept) connection.close()
        await program.stop('SIGKILL')
      }
    })

  it('is what a worker serves that replaces another one, even if the files are gone', async () => {
    const [first, second] = [await newPair(2), await newPair(1)]
    const ca = readFileSync(first.caFile)
    const secret = new MountedSecret(first)
    const program = await startProgram({
      flags: ['--tls-cert', secret.cert, '--tls-key', secret.key, '--workers', '2'],
    })
    try {
      secret.switch(second)
      await until(() => program.log().includes(RENEWED))
      secret.remove()
      const former = workersOf(program)
      for (const pid of former) process.kill(pid, 'SIGKILL')
      await until(() => program.log().split('a worker ended, and is restarted').length - 1 === former.length)
      let found: ReadonlySet<string | undefined> | null = null
      while (!found) found = await shown([program.endpoint], ca).catch(() => null)
      assert.ok(isOnly(found, second))
    } finally {
      await program.stop('SIGKILL')
    }
  })
})
