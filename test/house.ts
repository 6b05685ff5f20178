// The real service in this process, over real HTTP and a real database, with a clock that tests advance.
import { readFileSync } from 'node:fs'
import { Delivery } from '../src/actiontrail/delivery/delivery.ts'
import type { DeliveryTarget } from '../src/actiontrail/delivery/targets/target.ts'
import { renderEvent } from '../src/actiontrail/events/event.ts'
import type { House } from '../src/gateway/house.ts'
import type { Limits } from '../src/gateway/limits.ts'
import type { Metrics } from '../src/gateway/metrics.ts'
import { type Observer, RefusalLog } from '../src/gateway/observer.ts'
import { products } from '../src/gateway/products.ts'
import { type Listening, listen } from '../src/gateway/server.ts'
import { ServerCertificate, type Tls } from '../src/gateway/server-certificate.ts'
import { type OpenHouse, openHouse } from '../src/house/open.ts'
import { setPendingPasswords } from '../src/kms/secrets/database-rotation.ts'
import type { RotationHouse } from '../src/kms/secrets/rotation-step.ts'
import { sweep } from '../src/kms/sweep.ts'
import { newCredentials } from '../src/ram/account.ts'
import { bindFormerRoles } from '../src/ram/trusted-ids.ts'
import type { Runtime } from '../src/runtime/runtime.ts'
import { SYSTEM } from '../src/runtime/system.ts'
import { readSettings, type Settings } from '../src/settings/settings.ts'
import { openStorage } from '../src/storage/open.ts'
import { setPassword } from '../src/storage/postgresql-password.ts'
import { type Called, type Credentials, call, removeFolder, temporaryFolder } from './acceptance/program.ts'
import { FEW_PAIRS } from './few-pairs.ts'
import type { TestToken } from './keystore/pkcs11/tokens.ts'
import { Refusals } from './refusals.ts'

export class TestHouse implements AsyncDisposable {
  /** Milliseconds since 1970; tests set it. */
  now = Date.parse('2026-03-01T00:00:00Z')
  readonly credentials: Credentials = newCredentials(SYSTEM)
  readonly failures: string[] = []
  /** What was logged of requests whose caller is not known. */
  readonly strangers: string[] = []
  readonly #metrics: Metrics | null
  readonly #refusals = new Refusals()
  readonly #observer: Observer
  readonly data = temporaryFolder()
  readonly #settings: Settings
  readonly #limits: Partial<Limits>
  readonly #certificate: ServerCertificate | null
  readonly #runtime: Runtime
  #open: OpenHouse | null = null
  #listening: Listening | null = null
  #delivery: Delivery | null = null
  /** Where trails deliver, when a test puts something else there. */
  target: DeliveryTarget | null = null
  /** What GET /readyz waits for. */
  ready: () => Promise<boolean> = async () => true

  /** The token that keys are made in where nothing else is said; null for software keys. */
  readonly token: TestToken | null
  readonly database: string | null

  constructor(
    database: string | null,
    flags: readonly string[],
    {
      quotas = null,
      secretDatabases = null,
      token = null,
      limits = {},
      tls = null,
      runtime = FEW_PAIRS,
      metrics,
    }: More,
  ) {
    const where = database === null ? [] : ['--database', database]
    const file = quotas === null ? [] : ['--quotas-file', 'quotas.json']
    const databases = secretDatabases === null ? [] : ['--secret-databases', 'databases.json']
    const given = [
      '--listen',
      '127.0.0.1:0',
      '--data',
      this.data,
      ...where,
      ...(token?.flags ?? []),
      ...flags,
      ...file,
      ...databases,
    ]
    const log = (fields: object, message: string) => void this.strangers.push(`${message}: ${JSON.stringify(fields)}`)
    // No test waits for the count of omitted lines.
    const clock = { monotonic: () => this.now, after: () => () => {} }
    this.#metrics = metrics ? new metrics(log, clock) : null
    const followed = this.#metrics ?? new RefusalLog(log, clock)
    this.#observer = {
      answered: (operation, outcome, ms) => {
        followed.answered(operation, outcome, ms)
        this.#refusals.note(operation, outcome)
      },
      turnedAway: (...request) => followed.turnedAway(...request),
      loggedOn: (outcome) => followed.loggedOn(outcome),
      disconnected: (...connection) => followed.disconnected(...connection),
      unrecorded: (account) => followed.unrecorded(account),
    }
    this.token = token
    this.#limits = limits
    this.#certificate = tls && new ServerCertificate(tls)
    this.#runtime = runtime
    this.database = database
    const env = token ? { ...process.env, ...token.env } : {}
    const read = (path: string) => {
      if (path === 'quotas.json') return JSON.stringify(quotas)
      if (path === 'databases.json') return JSON.stringify(secretDatabases?.(this.credentials.accountId))
      return readFileSync(path, 'utf8')
    }
    this.#settings = readSettings(given, env, read)
  }

  get open(): OpenHouse {
    if (!this.#open) throw new Error('the house is closed')
    return this.#open
  }

  get metrics(): Metrics {
    if (!this.#metrics) throw new Error('the house was opened without metrics')
    return this.#metrics
  }

  get endpoint(): string {
    return this.endpoints[0] ?? ''
  }

  get endpoints(): readonly string[] {
    return this.#listening?.endpoints ?? []
  }

  async start(): Promise<this> {
    const failed = (message: string, error: unknown) => void this.failures.push(`${message}: ${error}`)
    this.#open = await openHouse(this.#settings, failed, this.now, openStorage, this.#runtime)
    await bindFormerRoles(this.open, failed)
    await this.open.hsm?.start()
    await this.open.accounts.provide(this.credentials, 'root', this.now)
    this.#listening = await listen(this.#house(failed), this.#settings.listen, this.#certificate, this.#limits)
    return this
  }

  #house(failed: House['failed']): House {
    return {
      products,
      settings: this.#settings,
      ...this.open,
      now: () => this.now,
      wallNow: () => this.now,
      dev: null,
      observer: this.#observer,
      ready: () => this.ready(),
      failed,
    }
  }

  /** Closes everything, and leaves the data. */
  async stop(): Promise<void> {
    await this.#close()
  }

  /** Closes everything and starts again on the same data. */
  async restart(): Promise<void> {
    await this.#close()
    await this.start()
  }

  async #close(): Promise<void> {
    await this.#listening?.stop(1000)
    await this.#delivery?.stop(0)
    this.#delivery = null
    await this.#open?.usage.write()
    await this.#open?.hsm?.stop()
    await this.#open?.pairs.stop()
    await this.#open?.storage.close()
    this.#open = null
  }

  /** The service's own work at the present moment. */
  async sweep(): Promise<number> {
    return sweep(this.#house((message, error) => void this.failures.push(`${message}: ${error}`)))
  }

  /** Attempts to set the passwords that are due at the present moment. */
  async setPasswords(set = setPassword, instead: Partial<RotationHouse> = {}): Promise<void> {
    const house = this.#house((message, error) => void this.failures.push(`${message}: ${error}`))
    await setPendingPasswords({ ...house, ...instead }, set)
  }

  get delivery(): Delivery {
    const failed = (message: string, error: unknown) => void this.failures.push(`${message}: ${error}`)
    const { deliveryIntervalMs: intervalMs } = this.#settings
    const deliveryTarget: DeliveryTarget = {
      shared: false,
      check: (...place) => (this.target ?? this.open.deliveryTarget).check(...place),
      put: (...object) => (this.target ?? this.open.deliveryTarget).put(...object),
    }
    const house = {
      ...this.open,
      deliveryTarget,
      intervalMs,
      now: () => this.now,
      runtime: { ...SYSTEM, random: () => 0 },
      failed,
    }
    this.#delivery ??= new Delivery(house)
    return this.#delivery
  }

  /** Delivers what is due at the present moment. */
  async deliver(): Promise<void> {
    await this.delivery.tick()
    await this.delivery.settle()
  }

  async call(action: string, parameters: Record<string, string> = {}, credentials = this.credentials): Promise<Called> {
    const level = this.token && action === 'CreateKey' ? { ProtectionLevel: 'HSM' } : {}
    const answer = await call(this.endpoint, credentials, action, { ...level, ...parameters }, this.now)
    this.#refusals.check()
    return answer
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
    const rows = await this.open.storage.events.after(0, 1_000_000, Number.MAX_SAFE_INTEGER)
    return rows.map(renderEvent)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
    removeFolder(this.data)
    this.#refusals.keep()
    this.token?.[Symbol.dispose]()
    // Of calls that went another way than `call`.
    this.#refusals.check()
  }
}

/** What a house may have beside its flags. */
interface More {
  /** What the quotas file holds. */
  readonly quotas?: unknown
  /** What the file of databases holds, for the house's account. */
  readonly secretDatabases?: ((account: string) => unknown) | null
  /** Where it makes HSM keys; the house disposes of it. */
  readonly token?: TestToken | null
  /** Serves HTTPS. */
  readonly tls?: Tls | null
  /** Of its connections. */
  readonly limits?: Partial<Limits>
  /** Counts its requests; by default they are only logged, and the library of metrics is not loaded. */
  readonly metrics?: typeof Metrics
  /** By default its RSA pairs are a few. */
  readonly runtime?: Runtime
}

/** Opens a house; `database` null for SQLite in a folder of its own. */
export function openTestHouse(
  database: string | null,
  flags: readonly string[] = [],
  more: More = {},
): Promise<TestHouse> {
  return new TestHouse(database, flags, more).start()
}
