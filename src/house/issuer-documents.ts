// Reads documents of OIDC issuers over HTTPS. It connects only to addresses that it has checked, follows no redirect, and reads at most
// MAX_BYTES.
import { X509Certificate } from 'node:crypto'
import { lookup as dnsLookup } from 'node:dns/promises'
import { Agent, request } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { createSecureContext, type DetailedPeerCertificate, rootCertificates, TLSSocket } from 'node:tls'
import type { Runtime } from '../runtime/runtime.ts'
import { isInvalid, lacksTrustedRoot } from '../runtime/tls-errors.ts'
import type { OidcSettings } from '../settings/oidc.ts'
import { type IssuerDocument, type IssuerDocuments, IssuerTrouble, type TroubleKind } from '../sts/oidc/issuer.ts'

const MAX_BYTES = 262_144
/** kube-apiserver refuses its key set to a client that accepts only application/json. */
const TYPES = 'application/json, application/jwk-set+json'
/** The most look-ups at a time: a resolver that does not answer occupies threads of the pool that other work needs. */
const MOST_LOOKUPS = 2

export interface Address {
  readonly address: string
  readonly family: number
}

/** Resolves a host name to all of its addresses. */
type Resolve = (host: string) => Promise<readonly Address[]>

const resolveAll: Resolve = (host) => dnsLookup(host, { all: true, verbatim: true })

/** One list for each family: a joint BlockList would match an IPv4 address with the IPv6 address that contains it. */
type Blocks = Readonly<Record<'ipv4' | 'ipv6', BlockList>>

function blocks(nets: Readonly<Record<'ipv4' | 'ipv6', string>>): Blocks {
  const listOf = (family: 'ipv4' | 'ipv6') => {
    const list = new BlockList()
    for (const [, net = '', bits] of nets[family].matchAll(/(\S+)\/(\d+)/g)) list.addSubnet(net, Number(bits), family)
    return list
  }
  return { ipv4: listOf('ipv4'), ipv6: listOf('ipv6') }
}

/** Addresses that no issuer has: unspecified, link-local, metadata services, multicast, reserved, and IPv4 inside IPv6. */
const NEVER = blocks({
  ipv4: '0.0.0.0/8 100.100.100.200/32 169.254.0.0/16 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3',
  ipv6: '::/128 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 fe80::/10 fec0::/10 ff00::/8',
})
/** Loopback, and addresses of private networks. */
const PRIVATE = blocks({
  ipv4: '10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 172.16.0.0/12 192.168.0.0/16',
  ipv6: '::1/128 fc00::/7',
})

type Options = Pick<OidcSettings, 'certificates' | 'privateAddresses'>

/**
 * The reader of documents for these settings. Without issuers it reads none, and skips the 0.1 s that loading all root certificates takes.
 */
export function issuerDocuments(oidc: OidcSettings, runtime: Pick<Runtime, 'after'>): IssuerDocuments {
  if (oidc.issuers.length > 0) return new HttpsDocuments(oidc, runtime)
  return { get: (url) => Promise.reject(trouble(url, 'it is not among `oidc-issuers`')) }
}

export class HttpsDocuments implements IssuerDocuments {
  /** Made once: reading all root certificates takes 0.1 s. */
  readonly #agent: Agent
  readonly #privateAddresses: boolean
  readonly #runtime: Pick<Runtime, 'after'>
  readonly #resolve: Resolve
  #lookups = 0

  constructor(
    { certificates, privateAddresses }: Options,
    runtime: Pick<Runtime, 'after'>,
    resolve: Resolve = resolveAll,
  ) {
    const ca = certificates === null ? {} : { ca: [...rootCertificates, certificates] }
    const secureContext = createSecureContext({ ...ca, minVersion: 'TLSv1.2' })
    // Each document gets its own connection and handshake: a resumed session would not show the certificates.
    this.#agent = new Agent({ secureContext, keepAlive: false, maxCachedSessions: 0 })
    this.#privateAddresses = privateAddresses
    this.#runtime = runtime
    this.#resolve = resolve
  }

  /** See IssuerDocuments. */
  get(url: URL, withinMs: number): Promise<IssuerDocument> {
    const { promise, resolve, reject } = Promise.withResolvers<IssuerDocument>()
    const stop = new AbortController()
    const cancel = this.#runtime.after(withinMs, () => {
      reject(trouble(url, 'it did not answer in time'))
      stop.abort()
    })
    this.#addresses(url)
      .then((addresses) => this.#read(url, addresses, stop.signal))
      .then(resolve, reject)
    return promise.finally(cancel)
  }

  /** The addresses of the host that the server may connect to. */
  async #addresses(url: URL): Promise<readonly Address[]> {
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const family = isIP(host)
    const found = family === 0 ? await this.#resolved(url, host) : [{ address: host, family }]
    const allowed = found.filter((address) => this.#mayReach(address))
    if (allowed.length > 0) return allowed
    const shown = found.map(({ address }) => address).join(', ')
    throw trouble(url, `${host} has the addresses ${shown}, which it may not have: see \`oidc-private-addresses\``)
  }

  async #resolved(url: URL, host: string): Promise<readonly Address[]> {
    if (this.#lookups >= MOST_LOOKUPS) throw trouble(url, 'the resolver of host names is busy')
    this.#lookups++
    try {
      return await this.#resolve(host)
    } catch (error) {
      throw trouble(url, (error as Error).message)
    } finally {
      this.#lookups--
    }
  }

  #mayReach({ address, family }: Address): boolean {
    const type = family === 4 ? 'ipv4' : 'ipv6'
    return !NEVER[type].check(address, type) && (this.#privateAddresses || !PRIVATE[type].check(address, type))
  }

  #read(url: URL, addresses: readonly Address[], signal: AbortSignal): Promise<IssuerDocument> {
    const { promise, resolve, reject } = Promise.withResolvers<IssuerDocument>()
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const outgoing = request({
      host,
      ...(isIP(host) === 0 && { servername: host }),
      port: url.port === '' ? 443 : Number(url.port),
      path: url.pathname + url.search,
      headers: { accept: TYPES },
      agent: this.#agent,
      lookup: fixedLookup(addresses),
      signal,
    })
    outgoing.on('error', (error) => reject(failure(url, error)))
    outgoing.on('response', (response) => {
      response.on('error', (error) => reject(failure(url, error)))
      const refuse = (message: string) => {
        reject(trouble(url, message))
        outgoing.destroy()
      }
      if (response.statusCode !== 200) return refuse(`it answered ${response.statusCode}`)
      const root = rootOf(response.socket)
      const pieces: Buffer[] = []
      let bytes = 0
      response.on('data', (piece: Buffer) => {
        bytes += piece.length
        if (bytes > MAX_BYTES) refuse(`its answer is longer than ${MAX_BYTES} bytes`)
        else pieces.push(piece)
      })
      response.on('end', () => resolve({ body: Buffer.concat(pieces).toString('utf8'), root }))
      response.on('close', () => reject(trouble(url, 'its answer broke off')))
    })
    outgoing.end()
    return promise
  }
}

/** A look-up that always returns these addresses: the connection goes to an address that was checked, whatever the name resolves to now. */
function fixedLookup(addresses: readonly Address[]): LookupFunction {
  return (_, { all }, done) => {
    const [first] = addresses
    if (all) done(null, [...addresses])
    else done(null, first?.address ?? '', first?.family)
  }
}

function trouble(url: URL, message: string, kind: TroubleKind = 'unreachable'): IssuerTrouble {
  return new IssuerTrouble(kind, url.href, `${url.href}: ${message}`)
}

function failure(url: URL, error: NodeJS.ErrnoException): IssuerTrouble {
  const { code = '', message } = error
  if (lacksTrustedRoot(code)) return trouble(url, `${message}: see \`oidc-ca-file\``, 'root')
  return trouble(url, message, isInvalid(code) ? 'chain' : 'unreachable')
}

/**
 * The SHA-1 fingerprint of the connection's root certificate, in hexadecimal; '' where it is unknown. Node links each certificate to its
 * issuer by name alone, among the certificates that the peer sent. So this checks that each issuer signed the certificate below it.
 */
function rootOf(socket: unknown): string {
  if (!(socket instanceof TLSSocket)) return ''
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
  for (let depth = 0; certificate?.raw && depth < 16; depth++) {
    const issuer: DetailedPeerCertificate | undefined = certificate.issuerCertificate
    if (!issuer || !signed(issuer.raw, certificate.raw)) return ''
    if (issuer === certificate) return certificate.fingerprint.replaceAll(':', '').toLowerCase()
    certificate = issuer
  }
  return ''
}

/** Whether the issuer is a CA that signed the certificate; both are DER. */
function signed(issuer: Buffer, certificate: Buffer): boolean {
  const [above, below] = [new X509Certificate(issuer), new X509Certificate(certificate)]
  return above.ca && below.checkIssued(above) && below.verify(above.publicKey)
}
