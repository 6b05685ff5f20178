// Callers with the official SDK for Node.js. They repeat what failed until it succeeds, and note what was acknowledged.
import { createRequire } from 'node:module'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../until.ts'
import { ACCOUNT } from './deployment.ts'

// The SDK is CommonJS whose types describe another module system than the one it ships.
const require = createRequire(import.meta.url)
// biome-ignore lint/suspicious/noExplicitAny: an answer has the shape that its caller reads
type Body = any
type Client = Readonly<Record<string, (request: object) => Promise<Body>>>
type Constructor = new (fields: unknown) => Client
const Kms = require('@alicloud/kms20160120') as Record<string, Constructor> & { default: Constructor }

const CALLERS = 4
/** Between two calls of a caller: the load is to be steady, not high. */
const PAUSE_MS = 10
const REPEAT_AFTER_MS = 100
/** A call that still fails then never succeeds. */
const MOST_ATTEMPTS = 600
/** A server answers, or says that it can't, long before. */
const LIMIT_MS = 40_000

/** What a client may see of a failure: that the service is away for the moment, or that its connection was closed. */
const EXPECTED = /^(ServiceUnavailableTemporary|ECONNRESET|ECONNREFUSED|ECONNABORTED|EPIPE|socket hang up)$/

/** What a caller knows of one of its keys; only that caller changes it. */
export interface Known {
  readonly keyId: string
  readonly alias: string
  description: string
  tag: string
}

export interface Failed {
  readonly action: string
  readonly code: string
}

export class Callers {
  /** The operation of each acknowledged call, by RequestId. */
  readonly acknowledged = new Map<string, string>()
  readonly keys: Known[] = []
  readonly failed: Failed[] = []
  /** Answers that contradict what was acknowledged before. */
  readonly contradictions: string[] = []
  /** The longest time in which no call was acknowledged, in milliseconds. */
  longestGap = 0
  #lastAt = performance.now()
  #stopped = false
  readonly #endpoint: string
  readonly #withHsm: boolean
  readonly #work: Promise<unknown>
  static #names = 0

  /** `withHsm`: half of the keys are in an HSM. */
  constructor(endpoint: string, withHsm: boolean) {
    this.#endpoint = endpoint
    this.#withHsm = withHsm
    this.#work = Promise.all(Array.from({ length: CALLERS }, () => this.#caller()))
    this.#work.catch(() => {})
  }

  /** Failures that no client should see. */
  get unexpected(): readonly Failed[] {
    return this.failed.filter(({ code }) => !EXPECTED.test(code))
  }

  /** Waits until so many calls were acknowledged. Rejects when a call never succeeds. */
  async reach(calls: number): Promise<void> {
    await Promise.race([this.#work, until(() => this.acknowledged.size >= calls)])
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#work
  }

  async #caller(): Promise<void> {
    const { host } = new URL(this.#endpoint)
    const config = { ...ACCOUNT, endpoint: host, protocol: 'HTTP', regionId: 'cn-hangzhou', type: 'access_key' }
    const client = new Kms.default({ ...config, readTimeout: LIMIT_MS, connectTimeout: LIMIT_MS })
    while (!this.#stopped) await this.#life(client)
  }

  /** The life of a key: it is made, named, tagged, described anew and used. */
  async #life(client: Client): Promise<void> {
    const n = ++Callers.#names
    const ask = (action: string, fields: Record<string, string>) => this.#repeated(client, action, fields)
    const { keyMetadata } = await ask('CreateKey', {
      description: `first ${n}`,
      ...(this.#withHsm && n % 2 === 0 && { protectionLevel: 'HSM' }),
    })
    const key: Known = { keyId: keyMetadata.keyId, alias: `alias/f${n}`, description: `first ${n}`, tag: '' }
    await ask('CreateAlias', { keyId: key.keyId, aliasName: key.alias })
    this.keys.push(key)
    for (let round = 1; round <= 3 && !this.#stopped; round++) {
      await ask('TagResource', { keyId: key.keyId, tags: JSON.stringify([{ TagKey: 'round', TagValue: `${round}` }]) })
      key.tag = `${round}`
      const description = `description ${n}.${round}`
      await ask('UpdateKeyDescription', { keyId: key.keyId, description })
      key.description = description
      const shown = await ask('DescribeKey', { keyId: key.alias })
      this.#demand('DescribeKey', shown.keyMetadata?.description, description)
      await ask('DisableKey', { keyId: key.keyId })
      const refused = await ask('Encrypt', { keyId: key.alias, plaintext: 'eA==' })
      this.#demand('Encrypt with a disabled key', refused.code, 'Rejected.Disabled')
      await ask('EnableKey', { keyId: key.keyId })
      const { ciphertextBlob } = await ask('Encrypt', { keyId: key.alias, plaintext: 'eA==' })
      const opened = await ask('Decrypt', { ciphertextBlob })
      this.#demand('Decrypt', opened.plaintext, 'eA==')
      const tags = await ask('ListResourceTags', { keyId: key.keyId })
      this.#demand('ListResourceTags', tags.tags?.tag?.[0]?.tagValue, key.tag)
    }
  }

  #demand(what: string, found: unknown, expected: string): void {
    if (found !== expected) this.contradictions.push(`${what} showed ${String(found)}, not ${expected}`)
  }

  /** Calls until it succeeds, or until the service refuses for a reason of the call's own. */
  async #repeated(client: Client, action: string, fields: Record<string, string>): Promise<Body> {
    for (let attempt = 1; ; attempt++) {
      const name = action.charAt(0).toLowerCase() + action.slice(1)
      const Request = Kms[`${action}Request`]
      if (!Request) throw new Error(`the SDK has no ${action}`)
      try {
        const answer = await client[name]?.(new Request(fields))
        this.acknowledged.set(answer.requestId, action)
        this.#answered()
        await pause(PAUSE_MS)
        return answer
      } catch (error) {
        const code = codeOf(error)
        if (code === 'Rejected.Disabled') {
          const { data } = error as { data?: { RequestId?: string } }
          if (data?.RequestId !== undefined) this.acknowledged.set(data.RequestId, action)
          this.#answered()
          return { code }
        }
        // Done by an attempt whose answer was lost.
        if (attempt > 1 && action === 'CreateAlias' && code === 'AliasAlreadyExists') return {}
        this.failed.push({ action, code })
        if (attempt > MOST_ATTEMPTS) throw new Error(`${action} still fails: ${code}`)
        await pause(REPEAT_AFTER_MS)
      }
    }
  }

  #answered(): void {
    const now = performance.now()
    this.longestGap = Math.max(this.longestGap, now - this.#lastAt)
    this.#lastAt = now
  }
}

/** The code of the service, or of the system; the message where there is none. */
function codeOf(error: unknown): string {
  const { code, message = '' } = error as { code?: string; message?: string }
  const [, system] = /\b(ECONN[A-Z]+|EPIPE|socket hang up)\b/.exec(`${code} ${message}`) ?? []
  // The SDK adds a word to the codes of the service.
  return system ?? code?.replace(/Error$/, '') ?? message
}
