// The real service in this process, over real HTTP and a real database, with a clock that tests advance.
import { randomUUID, randomUUIDv7 } from 'node:crypto'
import { eventOf } from '../src/actiontrail/event.ts'
import { readSettings, type Settings } from '../src/cli/settings.ts'
import type { House } from '../src/gateway/call.ts'
import { products } from '../src/gateway/products.ts'
import { type Listening, listen } from '../src/gateway/server.ts'
import { type OpenHouse, openHouse } from '../src/house.ts'
import { randomBytes } from '../src/keystore/random.ts'
import { sweep } from '../src/kms/sweep.ts'
import { newCredentials } from '../src/ram/account.ts'
import { type Called, type Credentials, call, removeFolder, temporaryFolder } from './acceptance/program.ts'
import type { TestToken } from './keystore/pkcs11/tokens.ts'

export class TestHouse implements AsyncDisposable {
  /** Milliseconds since 1970; tests set it. */
  now = Date.parse('2026-03-01T00:00:00Z')
  readonly credentials: Credentials = newCredentials()
  readonly failures: string[] = []
  readonly data = temporaryFolder()
  readonly #settings: Settings
  #open: OpenHouse | null = null
  #listening: Listening | null = null

  /** The token that keys are made in where nothing else is said; null for software keys. */
  readonly token: TestToken | null

  constructor(database: string | null, flags: readonly string[], token: TestToken | null) {
    const where = database === null ? [] : ['--database', database]
    this.token = token
    const env = token ? { ...process.env, ...token.env } : {}
    this.#settings = readSettings(['--data', this.data, ...where, ...(token?.flags ?? []), ...flags], env, () => '')
  }

  get open(): OpenHouse {
    if (!this.#open) throw new Error('the house is closed')
    return this.#open
  }

  get endpoint(): string {
    return this.#listening?.endpoint ?? ''
  }

  async start(): Promise<this> {
    const failed = (message: string, error: unknown) => void this.failures.push(`${message}: ${error}`)
    this.#open = await openHouse(this.#settings, failed, this.now)
    await this.open.hsm?.start()
    await this.open.accounts.provide(this.credentials, 'root', this.now)
    this.#listening = await listen(this.#house(failed), '127.0.0.1', 0, null)
    return this
  }

  #house(failed: House['failed']): House {
    return {
      products,
      settings: this.#settings,
      ...this.open,
      now: () => this.now,
      newId: randomUUID,
      newRecordId: randomUUIDv7,
      randomBytes,
      ready: async () => true,
      failed,
    }
  }

  /** Closes everything and starts anew on the same data. */
  async restart(): Promise<void> {
    await this.#close()
    await this.start()
  }

  async #close(): Promise<void> {
    await this.#listening?.stop(1000)
    await this.#open?.usage.write()
    await this.#open?.hsm?.stop()
    await this.#open?.storage.close()
  }

  /** The service's own work at the present moment. */
  async sweep(): Promise<number> {
    return sweep(this.#house((message, error) => void this.failures.push(`${message}: ${error}`)))
  }

  async call(action: string, parameters: Record<string, string> = {}, credentials = this.credentials): Promise<Called> {
    const level = this.token && action === 'CreateKey' ? { ProtectionLevel: 'HSM' } : {}
    return call(this.endpoint, credentials, action, { ...level, ...parameters }, this.now)
  }

  /** Calls and expects success; answers the body. */
  async must(action: string, parameters: Record<string, string> = {}): Promise<Called['body']> {
    const { status, body } = await this.call(action, parameters)
    if (status !== 200) throw new Error(`${action} answered ${status} ${JSON.stringify(body)}`)
    return body
  }

  /** Calls; answers 'OK', or the error's code. */
  async outcome(action: string, parameters: Record<string, string> = {}): Promise<string> {
    const { status, body } = await this.call(action, parameters)
    return status === 200 ? 'OK' : String(body.Code)
  }

  /** All events recorded so far, in order. */
  async events(): Promise<Record<string, unknown>[]> {
    const rows = await this.open.storage.events(0, 1_000_000)
    return rows.map(eventOf)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
    removeFolder(this.data)
    this.token?.[Symbol.dispose]()
  }
}

/** Opens a house; `database` null for SQLite in a folder of its own; with a token, it makes HSM keys and disposes of the token. */
export function openTestHouse(
  database: string | null,
  flags: readonly string[] = [],
  token: TestToken | null = null,
): Promise<TestHouse> {
  return new TestHouse(database, flags, token).start()
}
