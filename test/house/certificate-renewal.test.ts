// Which files a server takes as its renewed certificate, and what the log says of those that it does not take.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { selfSigned } from '../../src/gateway/certificates.ts'
import { ServerCertificate, type Tls } from '../../src/gateway/server-certificate.ts'
import { CertificateRenewal } from '../../src/house/certificate-renewal.ts'
import { temporaryFolder } from '../acceptance/program.ts'

const DAY_MS = 86_400_000
const NOW = Date.parse('2026-03-01T00:00:00Z')
const authority = temporaryFolder()
/** A certificate that is valid from a day before this time for 398 days, and its key. */
const pairOf = (at: number) => selfSigned(authority, ['kms.example.internal'], at)

function write(files: Tls, { cert, key }: Tls): void {
  writeFileSync(files.cert, cert)
  writeFileSync(files.key, key)
}

/** The path of a file, which it removes. */
function without(path: string): string {
  rmSync(path)
  return path
}

/** A server that has started with a certificate in files, and its log. */
class Server {
  readonly #folder = temporaryFolder()
  readonly files: Tls = { cert: join(this.#folder, 'cert.pem'), key: join(this.#folder, 'key.pem') }
  readonly log: { level: string; fields: Record<string, unknown> }[] = []
  readonly #certificate: ServerCertificate
  readonly #renewal: CertificateRenewal
  now = NOW

  constructor(pair: Tls) {
    this.write(pair)
    this.#certificate = new ServerCertificate(pair)
    const at = (level: string) => (fields: Record<string, unknown>) => void this.log.push({ level, fields })
    const log = { info: at('info'), warn: at('warn') }
    this.#renewal = new CertificateRenewal(this.#certificate, this.files, log, { now: () => this.now })
  }

  write(pair: Tls): void {
    write(this.files, pair)
  }

  async look(times = 1): Promise<Tls> {
    for (let i = 0; i < times; i++) await this.#renewal.look()
    return this.#certificate.tls
  }
}

const isSame = (one: Tls, other: Tls) => one.cert === other.cert && one.key === other.key
const [first, second] = [await pairOf(NOW), await pairOf(NOW)]

describe('a look at the files of the certificate', () => {
  it('leaves files that have not changed, even after they have expired', async () => {
    const server = new Server(first)
    server.now += 1000 * DAY_MS
    assert.ok(isSame(await server.look(10), first))
    assert.deepEqual(server.log, [])
  })

  it('takes a renewed certificate, and logs which it is', async () => {
    const server = new Server(first)
    server.write(second)
    assert.ok(isSame(await server.look(10), second))
    const { serialNumber } = new X509Certificate(second.cert)
    const names = 'DNS:kms.example.internal'
    const fields = { file: server.files.cert, names, serialNumber, validUntil: '2027-04-02T00:00:00Z' }
    assert.deepEqual(server.log, [{ level: 'info', fields }])
  })

  it('takes a renewed key of the same certificate, in another format', async () => {
    const server = new Server(first)
    const key = createPrivateKey(first.key).export({ format: 'pem', type: 'sec1' }).toString()
    server.write({ cert: first.cert, key })
    assert.equal((await server.look()).key, key)
  })

  const unusable: readonly (readonly [name: string, put: (files: Tls) => void | Promise<void>, reason: RegExp])[] = [
    [
      'a certificate of another key',
      ({ cert }) => writeFileSync(cert, second.cert),
      /key\.pem.*is not the private key/,
    ],
    ['a key of another certificate', ({ key }) => writeFileSync(key, second.key), /key\.pem.*is not the private key/],
    ['no certificate', ({ cert }) => writeFileSync(cert, 'none'), /cert\.pem.*is no certificate chain/],
    ['half a certificate', ({ cert }) => writeFileSync(cert, second.cert.slice(0, 300)), /is no certificate chain/],
    ['an empty certificate', ({ cert }) => writeFileSync(cert, ''), /cert\.pem.*is no certificate chain/],
    ['an empty key', ({ key }) => writeFileSync(key, ''), /is not the private key/],
    ['a missing certificate', ({ cert }) => rmSync(cert), /ENOENT.*cert\.pem/],
    ['a missing key', ({ key }) => rmSync(key), /ENOENT.*key\.pem/],
    ['a folder', ({ key }) => void mkdirSync(without(key)), /key\.pem` is no regular file/],
    ['a pipe', ({ key }) => void execFileSync('mkfifo', [without(key)]), /key\.pem` is no regular file/],
    [
      'an expired pair',
      async (files) => write(files, await pairOf(NOW - 397 * DAY_MS)),
      /expired at 2026-03-01T00:00:00Z/,
    ],
    [
      'a pair of the future',
      async (files) => write(files, await pairOf(NOW + 2 * DAY_MS)),
      /not valid before 2026-03-02/,
    ],
  ]
  for (const [name, change, reason] of unusable)
    it(`keeps the certificate in place of ${name}, warns once if it stays, and takes the next one`, async () => {
      const server = new Server(first)
      await change(server.files)
      assert.ok(isSame(await server.look(2), first))
      assert.equal(server.log.length, 0, 'the files may be in the middle of their replacement')
      assert.ok(isSame(await server.look(10), first))
      assert.deepEqual(
        server.log.map(({ level, fields: { file, keyFile } }) => [level, file, keyFile]),
        [['warn', server.files.cert, server.files.key]],
      )
      assert.match(String(server.log[0]?.fields['reason']), reason)
      for (const file of Object.values(server.files)) rmSync(file, { recursive: true, force: true })
      server.write(second)
      assert.ok(isSame(await server.look(), second))
      assert.equal(server.log.at(-1)?.level, 'info')
    })

  it('takes a pair of the future when it is valid', async () => {
    const server = new Server(first)
    const future = await pairOf(NOW + 2 * DAY_MS)
    server.write(future)
    assert.ok(isSame(await server.look(5), first))
    server.now += DAY_MS
    assert.ok(isSame(await server.look(), future))
  })

  it('warns again of files that are unusable again', async () => {
    const server = new Server(first)
    for (const pair of [{ ...second, cert: '' }, first, { ...second, cert: '' }]) {
      server.write(pair)
      await server.look(5)
    }
    assert.deepEqual(
      server.log.map(({ level }) => level),
      ['warn', 'warn'],
    )
  })
})
