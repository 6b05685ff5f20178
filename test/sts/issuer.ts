// An issuer of OIDC tokens: a real HTTPS server with a certificate of a CA of its own, and keys that tests rotate.
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type JWK, SignJWT } from 'jose'
import { selfSigned } from '../../src/gateway/certificates.ts'
import { removeFolder, temporaryFolder } from '../acceptance/program.ts'

/** What the issuer answers to a path. */
interface Page {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body?: string
}

interface Key {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly jwk: JWK
}

interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** Made once: an RSA key takes a while. */
const RSA: Pair = generateKeyPairSync('rsa', { modulusLength: 2048 })

function keyOf({ privateKey, publicKey }: Pair, kid: string): Key {
  return { kid, privateKey, jwk: { ...(publicKey.export({ format: 'jwk' }) as JWK), kid, use: 'sig' } }
}

export class TestIssuer implements AsyncDisposable {
  readonly caFile: string
  readonly #folder: string
  readonly #server: Server
  #keys: readonly Key[] = []
  /** The paths that were asked for. */
  readonly asked: string[] = []
  /** Takes the place of what the issuer would answer; null: no answer at all. */
  instead: ((path: string) => Page | null | undefined) | null = null
  /** Called with each path before it is answered. */
  onAsked: (path: string) => void | Promise<void> = () => {}

  private constructor(folder: string, tls: { cert: string; key: string; caFile: string }) {
    this.#folder = folder
    this.caFile = tls.caFile
    this.#server = createServer({ cert: tls.cert, key: tls.key }, (request, response) => {
      const path = request.url ?? ''
      this.asked.push(path)
      void Promise.resolve(this.onAsked(path)).then(() => {
        const page = this.instead?.(path)
        if (page === null) return
        const { status = 200, headers = {}, body = this.#bodyOf(path) } = page ?? {}
        // As kube-apiserver does, whose key set has this type alone.
        const type = path === '/keys' ? 'application/jwk-set+json' : 'application/json'
        if (!request.headers.accept?.includes(type)) response.writeHead(406).end()
        else response.writeHead(body === null ? 404 : status, headers).end(body ?? '')
      })
    })
  }

  static async start(): Promise<TestIssuer> {
    const folder = temporaryFolder()
    const issuer = new TestIssuer(folder, await selfSigned(folder, ['127.0.0.1', 'localhost'], Date.now()))
    await new Promise<void>((resolve) => issuer.#server.listen(0, '127.0.0.1', resolve))
    issuer.rotate('1')
    return issuer
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The URL of one of its issuers. */
  url(path = '/cluster'): string {
    return `https://${this.host}${path}`
  }

  /** Replaces all keys by those with the ids `rsa-NAME` and `ec-NAME`; the latter is new. */
  rotate(name: string): void {
    this.#keys = [keyOf(RSA, `rsa-${name}`), keyOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }), `ec-${name}`)]
  }

  /** The key set that it serves. */
  get keySet(): { keys: JWK[] } {
    return { keys: this.#keys.map(({ jwk }) => jwk) }
  }

  #bodyOf(path: string): string | null {
    const [, at] = /^(.*)\/\.well-known\/openid-configuration$/.exec(path) ?? []
    if (at !== undefined) return JSON.stringify({ issuer: this.url(at), jwks_uri: this.url('/keys') })
    return path === '/keys' ? JSON.stringify(this.keySet) : null
  }

  /** A token that it signed; `now` is the time in milliseconds since 1970. */
  token(
    now: number,
    claims: Record<string, unknown> = {},
    header: { alg?: string; kid?: string } = {},
  ): Promise<string> {
    const alg = header.alg ?? 'RS256'
    const key = this.#keys[alg.startsWith('ES') ? 1 : 0]
    if (!key) throw new Error('the issuer has no keys')
    const iat = Math.floor(now / 1000)
    const usual = {
      iss: this.url(),
      sub: 'system:serviceaccount:default:app',
      aud: ['sts.aliyuncs.com'],
      iat,
      exp: iat + 3600,
    }
    return new SignJWT({ ...usual, ...claims })
      .setProtectedHeader({ alg, kid: header.kid ?? key.kid })
      .sign(key.privateKey)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    removeFolder(this.#folder)
  }
}
