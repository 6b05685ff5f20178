// A small, obvious model of the key service written from the cloud's documentation: one account, one region.
// Each method does what a call does and answers 'OK' or the code of its refusal. Keys have the numbers in which they were made.

export type Answer = string

export interface ModelKey {
  readonly number: number
  readonly createdAt: number
  readonly external: boolean
  description: string
  disabled: boolean
  deleteAt: number | null
  /** Which material an external key has now, and until when; null for none. */
  material: { readonly number: number; readonly expiresAt: number | null } | null
  /** The one material that an external key may ever have. */
  firstMaterial: number | null
  /** When each version was made, the oldest first. */
  readonly versions: number[]
  rotationMs: number | null
  protection: string | null
  readonly tags: Map<string, string>
}

export interface ModelBlob {
  readonly key: number
  readonly version: number
  readonly context: string
  readonly plaintext: string
  readonly isDataKey: boolean
}

const DAY = 86_400_000
const TOKEN_MS = DAY
const INTERVALS = new Map([
  ['7d', 7 * DAY],
  ['240h', 10 * DAY],
])

export class KeyServiceModel {
  now: number
  readonly keys: ModelKey[] = []
  readonly aliases = new Map<string, number>()
  readonly blobs: ModelBlob[] = []
  readonly tokens: { readonly key: number; readonly expiresAt: number }[] = []

  constructor(now: number) {
    this.now = now
  }

  /** The key, as it is now; undefined before it was made and after its deletion date. */
  key(number: number): ModelKey | undefined {
    const key = this.keys[number]
    if (!key || (key.deleteAt !== null && key.deleteAt <= this.now)) return undefined
    if (key.material?.expiresAt != null && key.material.expiresAt <= this.now) this.#loseMaterial(key)
    return key
  }

  living(): ModelKey[] {
    return this.keys.flatMap(({ number }) => this.key(number) ?? [])
  }

  state(key: ModelKey): 'Enabled' | 'Disabled' | 'PendingDeletion' | 'PendingImport' {
    if (key.deleteAt !== null) return 'PendingDeletion'
    if (key.external && key.material === null) return 'PendingImport'
    return key.disabled ? 'Disabled' : 'Enabled'
  }

  aliasTarget(alias: string): ModelKey | undefined {
    const number = this.aliases.get(alias)
    return number === undefined ? undefined : this.key(number)
  }

  /** The service's own work: rotation is the only one whose effect waits for it. */
  sweep(): void {
    for (const key of this.living()) {
      const last = key.versions.at(-1)
      if (this.state(key) !== 'Enabled' || key.rotationMs === null || last === undefined) continue
      if (last + key.rotationMs <= this.now) key.versions.push(this.now)
    }
  }

  /** What DescribeKey shows, times in milliseconds; ids left out. */
  describe(key: ModelKey) {
    const state = this.state(key)
    const last = key.versions.at(-1) ?? null
    const rotation = key.rotationMs === null ? 'Disabled' : state === 'Enabled' ? 'Enabled' : 'Suspended'
    return {
      state,
      description: key.description,
      origin: key.external ? 'EXTERNAL' : 'Aliyun_KMS',
      createdAt: key.createdAt,
      deleteAt: key.deleteAt,
      expiresAt: key.material?.expiresAt ?? null,
      lastRotationAt: last,
      rotation,
      rotationMs: key.rotationMs,
      nextRotationAt: key.rotationMs === null || last === null ? null : last + key.rotationMs,
      protection: key.protection === null ? 'Disabled' : 'Enabled',
      protectionDescription: key.protection || null,
    }
  }

  createKey(external: boolean, interval: string | null, description: string, tags: [string, string][]): Answer {
    const rotationMs = interval === null ? null : INTERVALS.get(interval)
    if (rotationMs === undefined || (external && rotationMs !== null)) return 'InvalidParameter'
    this.keys.push({
      number: this.keys.length,
      createdAt: this.now,
      external,
      description,
      disabled: false,
      deleteAt: null,
      material: null,
      firstMaterial: null,
      versions: external ? [] : [this.now],
      rotationMs,
      protection: null,
      tags: new Map(tags),
    })
    return 'OK'
  }

  enable(number: number): Answer {
    return this.#inState(number, ['Enabled', 'Disabled'], (key) => {
      key.disabled = false
    })
  }

  disable(number: number): Answer {
    return this.#inState(number, ['Enabled', 'Disabled'], (key) => {
      key.disabled = true
    })
  }

  scheduleDeletion(number: number, days: number): Answer {
    if (days < 7 || days > 30) return 'InvalidParameter'
    return this.#inState(number, ['Enabled', 'Disabled', 'PendingImport'], (key) => {
      if (key.protection !== null) return 'Rejected.StateModifiedFailed'
      key.deleteAt = this.now + days * DAY
      return undefined
    })
  }

  /** The key is enabled, whatever it was before; without material it waits for it, which `state` sees to. */
  cancelDeletion(number: number): Answer {
    return this.#inState(number, ['PendingDeletion'], (key) => {
      key.deleteAt = null
      key.disabled = false
    })
  }

  parametersForImport(number: number): Answer {
    const key = this.key(number)
    if (!key) return 'Forbidden.KeyNotFound'
    if (!key.external) return 'Unsupported.Origin'
    this.tokens.push({ key: number, expiresAt: this.now + TOKEN_MS })
    return 'OK'
  }

  importMaterial(number: number, token: number, material: number, expiresAt: number | null): Answer {
    const key = this.key(number)
    if (!key) return 'Forbidden.KeyNotFound'
    if (!key.external) return 'Unsupported.Origin'
    if (this.state(key) === 'PendingDeletion') return 'Rejected.StateModifiedFailed'
    const known = this.tokens[token]
    if (known?.key !== number) return 'InvalidImportToken'
    if (known.expiresAt <= this.now) return 'ExpiredImportToken'
    if (key.firstMaterial !== null && key.firstMaterial !== material) return 'InvalidKeyMaterial'
    if (key.firstMaterial === null) key.versions.push(this.now)
    key.firstMaterial = material
    key.material = { number: material, expiresAt }
    return 'OK'
  }

  deleteMaterial(number: number): Answer {
    const key = this.key(number)
    if (!key) return 'Forbidden.KeyNotFound'
    if (!key.external) return 'Unsupported.Origin'
    this.#loseMaterial(key)
    return 'OK'
  }

  /** A key whose material goes waits for it afterwards, and forgets that it was disabled. */
  #loseMaterial(key: ModelKey): void {
    key.material = null
    key.disabled = false
  }

  /** Encrypts under the newest version; the plaintext of a data key gets known from the answer. */
  encrypt(
    key: ModelKey | undefined,
    missing: Answer,
    made: Pick<ModelBlob, 'context' | 'plaintext' | 'isDataKey'>,
  ): Answer {
    const refused = this.#unusable(key, missing)
    if (refused !== null || !key) return refused ?? missing
    this.blobs.push({ key: key.number, version: key.versions.length - 1, ...made })
    return 'OK'
  }

  decrypt(blob: ModelBlob | undefined, context: string): Answer {
    if (!blob) return 'InvalidParameter'
    const refused = this.#unusable(this.key(blob.key), 'Forbidden.KeyNotFound')
    return refused ?? (context === blob.context ? 'OK' : 'InvalidParameter')
  }

  export(blob: ModelBlob | undefined, context: string): Answer {
    const opened = this.decrypt(blob, context)
    return opened === 'OK' && blob?.isDataKey === false ? 'InvalidParameter' : opened
  }

  reEncrypt(blob: ModelBlob | undefined, from: string, to: number, context: string): Answer {
    const opened = this.decrypt(blob, from)
    if (opened !== 'OK' || !blob) return opened
    const { plaintext, isDataKey } = blob
    return this.encrypt(this.key(to), 'Forbidden.KeyNotFound', { context, plaintext, isDataKey })
  }

  createAlias(alias: string, number: number): Answer {
    const key = this.key(number)
    if (!key) return 'Forbidden.KeyNotFound'
    if (this.aliasTarget(alias)) return 'AliasAlreadyExists'
    if (this.state(key) === 'PendingDeletion') return 'Rejected.StateModifiedFailed'
    this.aliases.set(alias, number)
    return 'OK'
  }

  updateAlias(alias: string, number: number): Answer {
    if (!this.aliasTarget(alias)) return 'Forbidden.AliasNotFound'
    return this.#unlessDoomed(number, () => {
      this.aliases.set(alias, number)
    })
  }

  deleteAlias(alias: string): Answer {
    if (!this.aliasTarget(alias)) return 'Forbidden.AliasNotFound'
    this.aliases.delete(alias)
    return 'OK'
  }

  tag(number: number, name: string, value: string): Answer {
    return this.#unlessDoomed(number, (key) => {
      key.tags.set(name, value)
    })
  }

  untag(number: number, name: string): Answer {
    return this.#unlessDoomed(number, (key) => {
      key.tags.delete(name)
    })
  }

  describeAnew(number: number, description: string): Answer {
    return this.#unlessDoomed(number, (key) => {
      key.description = description
    })
  }

  protect(number: number, description: string | null): Answer {
    return this.#unlessDoomed(number, (key) => {
      key.protection = description
    })
  }

  rotationPolicy(number: number, interval: string | null): Answer {
    const ms = interval === null ? null : INTERVALS.get(interval)
    if (ms === undefined) return 'InvalidParameter'
    const key = this.key(number)
    if (!key) return 'Forbidden.KeyNotFound'
    if (key.external) return 'Rejected.UnsupportedOperation'
    const refused = this.#unusable(key, '')
    if (refused === null) key.rotationMs = ms
    return refused ?? 'OK'
  }

  /** Only Enabled keys do cryptography. */
  #unusable(key: ModelKey | undefined, missing: Answer): Answer | null {
    if (!key) return missing
    const state = this.state(key)
    return state === 'Enabled' ? null : `Rejected.${state}`
  }

  #unlessDoomed(number: number, change: (key: ModelKey) => void): Answer {
    const key = this.key(number)
    if (!key) return 'Forbidden.KeyNotFound'
    if (this.state(key) === 'PendingDeletion') return 'Rejected.PendingDeletion'
    change(key)
    return 'OK'
  }

  #inState(number: number, states: readonly string[], change: (key: ModelKey) => unknown): Answer {
    const key = this.key(number)
    if (!key) return 'Forbidden.KeyNotFound'
    if (!states.includes(this.state(key))) return 'Rejected.StateModifiedFailed'
    const refused = change(key)
    return typeof refused === 'string' ? refused : 'OK'
  }
}
