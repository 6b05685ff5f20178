// A small, obvious model of secrets written from the cloud's documentation, beside the model of the keys that encrypt them.
import type { Answer, KeyServiceModel } from './key-service.ts'

export interface ModelVersion {
  readonly id: string
  readonly value: string
  readonly createdAt: number
}

export interface ModelSecret {
  readonly name: string
  /** The number of the key. */
  readonly key: number
  readonly versions: ModelVersion[]
  /** Which version each stage marks. */
  readonly stages: Map<string, string>
}

const MOST_VERSIONS = 10

export class SecretsModel {
  readonly #keys: KeyServiceModel
  readonly secrets = new Map<string, ModelSecret>()

  constructor(keys: KeyServiceModel) {
    this.#keys = keys
  }

  create(name: string, key: number, id: string, value: string): Answer {
    if (!this.#keys.key(key)) return 'Forbidden.ResourceNotFound'
    if (this.secrets.has(name)) return 'Rejected.ResourceExist'
    const answer = this.#enabled(key)
    if (answer !== 'OK') return answer
    const versions = [{ id, value, createdAt: this.#keys.now }]
    this.secrets.set(name, { name, key, versions, stages: new Map([['ACSCurrent', id]]) })
    return 'OK'
  }

  /** Which version a call means; undefined for none. */
  wanted(name: string, id: string | null, stage: string): ModelVersion | undefined {
    const secret = this.secrets.get(name)
    return secret?.versions.find((version) => version.id === (id ?? secret.stages.get(stage)))
  }

  get(name: string, id: string | null, stage: string): Answer {
    const secret = this.secrets.get(name)
    if (!secret || !this.wanted(name, id, stage)) return 'Forbidden.ResourceNotFound'
    return this.#enabled(secret.key)
  }

  put(name: string, id: string, value: string, stage: string): Answer {
    const secret = this.secrets.get(name)
    if (!secret) return 'Forbidden.ResourceNotFound'
    const answer = this.#enabled(secret.key)
    const existing = secret.versions.find((version) => version.id === id)
    if (existing) return answer !== 'OK' ? answer : existing.value === value ? 'OK' : 'Rejected.ResourceExist'
    const marked = new Set(new Map([...this.#after(secret, stage, id)]).values())
    const oldest = secret.versions.findIndex((version) => !marked.has(version.id))
    if (secret.versions.length === MOST_VERSIONS && oldest < 0) return 'Rejected.LimitExceeded'
    if (answer !== 'OK') return answer
    this.#move(secret, stage, id)
    if (secret.versions.length === MOST_VERSIONS) secret.versions.splice(oldest, 1)
    secret.versions.push({ id, value, createdAt: this.#keys.now })
    return 'OK'
  }

  stagesOf({ stages }: ModelSecret, id: string): string[] {
    return [...stages].filter(([, version]) => version === id).map(([stage]) => stage)
  }

  #after(secret: ModelSecret, stage: string, id: string): Map<string, string> {
    const copy = { ...secret, stages: new Map(secret.stages) }
    this.#move(copy, stage, id)
    return copy.stages
  }

  #move({ stages }: ModelSecret, stage: string, id: string): void {
    const former = stages.get(stage)
    if (stage === 'ACSCurrent' && former !== undefined && former !== id) stages.set('ACSPrevious', former)
    stages.set(stage, id)
  }

  #enabled(number: number): Answer {
    const key = this.#keys.key(number)
    if (!key) return 'Forbidden.KeyNotFound'
    const state = this.#keys.state(key)
    return state === 'Enabled' ? 'OK' : `Rejected.${state}`
  }
}
