// A small, obvious model of secrets written from the cloud's documentation, beside the model of the keys that encrypt them.
import type { Answer, KeyServiceModel } from './key-service.ts'

interface ModelVersion {
  readonly id: string
  readonly value: string
  readonly createdAt: number
}

interface ModelSecret {
  readonly name: string
  /** The number of the key. */
  readonly key: number
  description: string
  deleteAt: number | null
  readonly versions: ModelVersion[]
  /** Which version each stage marks. */
  readonly stages: Map<string, string>
}

const MOST_VERSIONS = 10
const DAY = 86_400_000
const IN_WINDOW = 'Rejected.ResourceInDeleteWindow'
const NOT_FOUND = 'Forbidden.ResourceNotFound'

export class SecretsModel {
  readonly #keys: KeyServiceModel
  readonly #secrets = new Map<string, ModelSecret>()

  constructor(keys: KeyServiceModel) {
    this.#keys = keys
  }

  /** The secret as it is now; undefined after its deletion date. */
  secret(name: string): ModelSecret | undefined {
    const secret = this.#secrets.get(name)
    return secret && (secret.deleteAt ?? Number.POSITIVE_INFINITY) > this.#keys.now ? secret : undefined
  }

  living(): ModelSecret[] {
    return [...this.#secrets.keys()].flatMap((name) => this.secret(name) ?? [])
  }

  /** The service's own work: names of secrets whose time is over are free. */
  sweep(): void {
    for (const name of [...this.#secrets.keys()]) if (!this.secret(name)) this.#secrets.delete(name)
  }

  create(name: string, key: number, id: string, value: string): Answer {
    if (!this.#keys.key(key)) return NOT_FOUND
    const existing = this.#secrets.get(name)
    if (existing) return existing.deleteAt === null ? 'Rejected.ResourceExist' : IN_WINDOW
    const answer = this.#enabled(key)
    if (answer !== 'OK') return answer
    const versions = [{ id, value, createdAt: this.#keys.now }]
    const stages = new Map([['ACSCurrent', id]])
    this.#secrets.set(name, { name, key, description: '', deleteAt: null, versions, stages })
    return 'OK'
  }

  /** Which version a call means; undefined for none. */
  wanted(name: string, id: string | null, stage: string): ModelVersion | undefined {
    const secret = this.secret(name)
    return secret?.versions.find((version) => version.id === (id ?? secret.stages.get(stage)))
  }

  found(name: string): Answer {
    return this.secret(name) ? 'OK' : NOT_FOUND
  }

  /** The refusal of a change; null where the secret takes one. */
  changeable(name: string): Answer | null {
    const secret = this.secret(name)
    if (!secret) return NOT_FOUND
    return secret.deleteAt === null ? null : IN_WINDOW
  }

  get(name: string, id: string | null, stage: string): Answer {
    const secret = this.secret(name)
    if (secret?.deleteAt) return IN_WINDOW
    if (!secret || !this.wanted(name, id, stage)) return NOT_FOUND
    return this.#enabled(secret.key)
  }

  put(name: string, id: string, value: string, stage: string): Answer {
    const secret = this.secret(name)
    if (!secret) return NOT_FOUND
    if (secret.deleteAt !== null) return IN_WINDOW
    const answer = this.#enabled(secret.key)
    const existing = secret.versions.find((version) => version.id === id)
    if (existing) return answer !== 'OK' ? answer : existing.value === value ? 'OK' : 'Rejected.ResourceExist'
    const stages = new Map(secret.stages)
    move(stages, stage, id)
    const marked = new Set(stages.values())
    const oldest = secret.versions.findIndex((version) => !marked.has(version.id))
    const isFull = secret.versions.length === MOST_VERSIONS
    if (isFull && oldest < 0) return 'Rejected.LimitExceeded'
    if (answer !== 'OK') return answer
    move(secret.stages, stage, id)
    if (isFull) secret.versions.splice(oldest, 1)
    secret.versions.push({ id, value, createdAt: this.#keys.now })
    return 'OK'
  }

  moveStage(name: string, stage: string, from: string | null, to: string | null): Answer {
    if (to === null && (from === null || stage.startsWith('ACS'))) return 'MissingParameter'
    const secret = this.secret(name)
    if (!secret) return NOT_FOUND
    if (secret.deleteAt !== null) return IN_WINDOW
    const has = (id: string) => secret.versions.some((version) => version.id === id)
    if (from !== null && !has(from)) return NOT_FOUND
    if (from !== null && secret.stages.get(stage) !== from) return 'Rejected.InvalidRequest'
    if (to !== null && !has(to)) return NOT_FOUND
    if (to === null) secret.stages.delete(stage)
    else move(secret.stages, stage, to)
    return 'OK'
  }

  describeAnew(name: string, description: string): Answer {
    const secret = this.secret(name)
    if (!secret) return NOT_FOUND
    if (secret.deleteAt !== null) return IN_WINDOW
    secret.description = description
    return 'OK'
  }

  /** `days` is null for a deletion by force. */
  remove(name: string, days: number | null): Answer {
    if (days !== null && days < 7) return 'InvalidParameter'
    const secret = this.secret(name)
    if (!secret) return NOT_FOUND
    if (secret.deleteAt !== null) return IN_WINDOW
    if (days === null) this.#secrets.delete(name)
    else secret.deleteAt = this.#keys.now + days * DAY
    return 'OK'
  }

  restore(name: string): Answer {
    const secret = this.secret(name)
    if (!secret) return NOT_FOUND
    if (secret.deleteAt === null) return 'Rejected.ResourceInUse'
    secret.deleteAt = null
    return 'OK'
  }

  stagesOf({ stages }: ModelSecret, id: string): string[] {
    return [...stages].filter(([, version]) => version === id).map(([stage]) => stage)
  }

  #enabled(number: number): Answer {
    const key = this.#keys.key(number)
    if (!key) return 'Forbidden.KeyNotFound'
    const state = this.#keys.state(key)
    return state === 'Enabled' ? 'OK' : `Rejected.${state}`
  }
}

function move(stages: Map<string, string>, stage: string, to: string): void {
  const former = stages.get(stage)
  if (stage === 'ACSCurrent' && former !== undefined && former !== to) stages.set('ACSPrevious', former)
  stages.set(stage, to)
}
