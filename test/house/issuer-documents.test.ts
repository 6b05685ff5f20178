// Reading documents of issuers: which addresses the server connects to, and how long and how much it reads.
import assert from 'node:assert/strict'
import { KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { type Address, HttpsDocuments } from '../../src/house/issuer-documents.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { IssuerTrouble } from '../../src/sts/oidc/issuer.ts'
import { certificateOf, newPair } from '../certificates.ts'
import { TestIssuer } from '../sts/issuer.ts'

const WITHIN_MS = 60_000

const thumbprint = (certificate: string) =>
  new X509Certificate(certificate).fingerprint.replaceAll(':', '').toLowerCase()

describe('documents of issuers', () => {
  let issuer: TestIssuer
  let certificates: string
  before(async () => {
    issuer = await TestIssuer.start()
    certificates = readFileSync(issuer.caFile, 'utf8')
  })
  after(async () => issuer[Symbol.asyncDispose]())

  const at =
    (...addresses: string[]) =>
    async (): Promise<Address[]> =>
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  const reader = (privateAddresses: boolean, ...addresses: string[]) =>
    new HttpsDocuments({ certificates, privateAddresses }, SYSTEM, at(...addresses))
  const refusal = async (documents: HttpsDocuments, url: string) => {
    const error: unknown = await documents.get(new URL(url), WITHIN_MS).catch((caught: unknown) => caught)
    assert.ok(error instanceof IssuerTrouble, String(error))
    return error
  }
  const port = () => issuer.host.split(':')[1]

  it('are read from the address that was checked, under the name that was asked for', async () => {
    const { body, root } = await reader(true, '127.0.0.1').get(new URL(`https://localhost:${port()}/keys`), WITHIN_MS)
    assert.deepEqual(JSON.parse(body), issuer.keySet)
    assert.match(root, /^[0-9a-f]{40}$/)
    const other = await refusal(reader(true, '127.0.0.1'), `https://issuer.example.com:${port()}/keys`)
    assert.equal(other.kind, 'chain')
  })

  it('come from no private address unless the operator allows them, and never from a metadata service', async () => {
    const asked = issuer.asked.length
    const url = `https://localhost:${port()}/keys`
    const own = ['127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.1.1', '100.64.0.1', '::1', 'fd00::1']
    for (const address of own)
      assert.match((await refusal(reader(false, address), url)).message, /oidc-private-addresses/, address)
    const never = [
      '169.254.169.254',
      '100.100.100.200',
      '0.0.0.0',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      '::ffff:127.0.0.1',
      '64:ff9b::7f00:1',
      'fe80::1',
    ]
    for (const address of never)
      assert.match((await refusal(reader(true, address), url)).message, /may not have/, address)
    for (const literal of ['https://127.0.0.1/', 'https://[::1]/', 'https://2130706433/', 'https://[::ffff:7f00:1]/'])
      assert.match((await refusal(reader(false), literal)).message, /may not have/, literal)
    assert.equal(issuer.asked.length, asked)
    // A host that has such an address besides is asked at the other one.
    const mixed = reader(true, '169.254.169.254', '127.0.0.1')
    assert.ok((await mixed.get(new URL(url), WITHIN_MS)).body)
  })

  it('are given up when they take too long, wherever they hang', async () => {
    let expire = () => {}
    const runtime = {
      after: (_: number, work: () => void) => {
        expire = work
        return () => {}
      },
    }
    issuer.instead = () => null
    issuer.onAsked = () => expire()
    const slow = new HttpsDocuments({ certificates, privateAddresses: true }, runtime, at('127.0.0.1'))
    assert.match((await refusal(slow, issuer.url('/keys'))).message, /did not answer in time/)
    issuer.instead = null
    issuer.onAsked = () => {}
    const hanging = new HttpsDocuments({ certificates, privateAddresses: true }, runtime, () => {
      queueMicrotask(() => expire())
      return new Promise(() => {})
    })
    const url = 'https://slow.example.com/'
    for (let i = 0; i < 2; i++) assert.match((await refusal(hanging, url)).message, /did not answer in time/)
    assert.match((await refusal(hanging, url)).message, /resolver of host names is busy/)
  })

  it('are read no further than they may be long', async () => {
    issuer.instead = () => ({ body: 'x'.repeat(262_145) })
    assert.match((await refusal(reader(true), issuer.url('/keys'))).message, /longer than 262144 bytes/)
    issuer.instead = () => ({ body: 'x'.repeat(262_144) })
    assert.equal((await reader(true).get(new URL(issuer.url('/keys')), WITHIN_MS)).body.length, 262_144)
    issuer.instead = null
  })

  it('are not taken from a certificate that nobody trusts', async () => {
    const strict = new HttpsDocuments({ certificates: null, privateAddresses: true }, SYSTEM, at('127.0.0.1'))
    const { kind, message } = await refusal(strict, issuer.url('/keys'))
    assert.equal(kind, 'root')
    assert.match(message, /see `oidc-ca-file`/)
  })
  it('tell the root that vouches for the host, whatever else the issuer sends', async () => {
    const [pinned, other, between, host, stranger] = await Promise.all(Array.from({ length: 5 }, newPair))
    assert.ok(pinned && other && between && host && stranger)
    const pinnedRoot = await certificateOf('Pinned', pinned, 'Pinned', pinned)
    const otherRoot = await certificateOf('Other', other, 'Other', other)
    const intermediate = await certificateOf('Between', between, 'Other', other)
    const leaf = await certificateOf('localhost', host, 'Between', between)
    // The first two are made without the pinned root's key.
    const forged = await certificateOf('Other', stranger, 'Pinned', stranger)
    const forgedOfOther = await certificateOf('Other', other, 'Pinned', stranger)
    const crossSigned = await certificateOf('Other', other, 'Pinned', pinned)
    const key = KeyObject.from(host.privateKey).export({ type: 'pkcs8', format: 'pem' })
    const documents = new HttpsDocuments(
      { certificates: pinnedRoot + otherRoot, privateAddresses: true },
      SYSTEM,
      at('127.0.0.1'),
    )
    const rootWith = async (...sent: string[]) => {
      const server = createServer({ key, cert: [leaf, intermediate, ...sent].join('') }, (_, response) =>
        response.end('{}'),
      )
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      try {
        const url = `https://localhost:${(server.address() as AddressInfo).port}/`
        return (await documents.get(new URL(url), WITHIN_MS)).root
      } finally {
        server.closeAllConnections()
        server.close()
      }
    }
    assert.equal(await rootWith(), thumbprint(otherRoot))
    assert.equal(await rootWith(otherRoot), thumbprint(otherRoot))
    assert.equal(await rootWith(crossSigned), thumbprint(pinnedRoot))
    for (const sent of [[forged], [forged, pinnedRoot], [forgedOfOther], [forgedOfOther, pinnedRoot]])
      assert.equal(await rootWith(...sent), '')
  })
})
