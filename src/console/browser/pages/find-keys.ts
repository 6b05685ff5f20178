// A page of keys with what the list shows of each: the service pages and filters, the metadata of the rows in sight follow.
import { call, Refusal } from '../service/call.ts'
import type { Alias, Aliases, KeyMetadata, Keys } from '../service/replies.ts'

export interface Wanted {
  readonly state: string
  readonly level: string
  readonly text: string
  readonly tag: string
  readonly page: number
}

export interface KeyRow extends KeyMetadata {
  readonly aliases: readonly string[]
}

export interface KeyPage {
  readonly rows: readonly KeyRow[]
  readonly total: number
}

export const PAGE_SIZE = 20
/** How many keys and aliases a search for a part of a name looks at. */
export const SEARCHED = 1000
const LARGEST_PAGE = 100

export async function findKeys(region: string, wanted: Wanted, signal: AbortSignal): Promise<KeyPage> {
  const kms = <T>(operation: string, parameters = {}) => call<T>('Kms', operation, region, parameters, signal)
  const ask = new Asking(region, kms)
  if (wanted.text === '' && wanted.tag === '') {
    const { Keys, TotalCount } = await kms<Keys>('ListKeys', {
      PageNumber: wanted.page,
      PageSize: PAGE_SIZE,
      Filters: filters(wanted),
    })
    return { rows: await ask.rows(Keys.Key.map(({ KeyId }) => KeyId)), total: TotalCount }
  }
  const ids = wanted.text === '' ? await ask.tagged(wanted.tag) : await ask.named(wanted.text)
  const found = (await ask.rows(ids)).filter(
    ({ KeyState, ProtectionLevel }) =>
      (wanted.state === '' || KeyState === wanted.state) && (wanted.level === '' || ProtectionLevel === wanted.level),
  )
  const from = (wanted.page - 1) * PAGE_SIZE
  return { rows: found.slice(from, from + PAGE_SIZE), total: found.length }
}

function filters({ state, level }: Wanted): string | undefined {
  const wanted = [
    ...(state === '' ? [] : [{ Key: 'KeyState', Values: [state] }]),
    ...(level === '' ? [] : [{ Key: 'ProtectionLevel', Values: [level] }]),
  ]
  return wanted.length > 0 ? JSON.stringify(wanted) : undefined
}

class Asking {
  readonly #kms: <T>(operation: string, parameters?: object) => Promise<T>

  readonly #region: string

  constructor(region: string, kms: <T>(operation: string, parameters?: object) => Promise<T>) {
    this.#region = region
    this.#kms = kms
  }

  /** The keys that may not be described are left out. */
  async rows(ids: readonly string[]): Promise<readonly KeyRow[]> {
    const aliases = await this.#aliases(ids)
    const described = await Promise.all(ids.map((id) => this.#describe(id)))
    return described.flatMap((metadata) =>
      metadata ? [{ ...metadata, aliases: aliases.filter(({ KeyId }) => KeyId === metadata.KeyId).map(nameOf) }] : [],
    )
  }

  async #describe(id: string): Promise<KeyMetadata | null> {
    try {
      return (await this.#kms<{ KeyMetadata: KeyMetadata }>('DescribeKey', { KeyId: id })).KeyMetadata
    } catch (error) {
      if (error instanceof Refusal && (error.status === 403 || error.status === 404)) return null
      throw error
    }
  }

  /** One call where the region has few aliases, one for each key otherwise; none where the caller may not see them. */
  async #aliases(ids: readonly string[]): Promise<readonly Alias[]> {
    if (ids.length === 0) return []
    try {
      const all = await this.#kms<Aliases>('ListAliases', { PageSize: LARGEST_PAGE })
      if (all.TotalCount <= LARGEST_PAGE) return all.Aliases.Alias
      const each = await Promise.all(ids.map((id) => this.#kms<Aliases>('ListAliasesByKeyId', { KeyId: id })))
      return each.flatMap(({ Aliases }) => Aliases.Alias)
    } catch (error) {
      if (error instanceof Refusal && error.status === 403) return []
      throw error
    }
  }

  async tagged(text: string): Promise<readonly string[]> {
    const [key = '', ...value] = text.split('=')
    const tag = { Key: key.trim(), ...(value.length > 0 ? { Value: value.join('=').trim() } : {}) }
    const ids = new Set<string>()
    let next: string | undefined
    do {
      const reply = await this.#kms<Tagged>('ListTagResources', {
        RegionId: this.#region,
        ResourceType: 'key',
        Tag: JSON.stringify([tag]),
        NextToken: next,
      })
      for (const { ResourceId } of reply.TagResources.TagResource) ids.add(ResourceId)
      next = reply.NextToken || undefined
    } while (next && ids.size < SEARCHED)
    return [...ids]
  }

  /** A full ID or alias first; then parts of aliases, and of descriptions. */
  async named(text: string): Promise<readonly string[]> {
    const exact =
      /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(text) || text.startsWith('acs:') ? await this.#describe(text) : null
    if (exact) return [exact.KeyId]
    const part = text.replace(/^alias\//, '').toLowerCase()
    const ids = new Set<string>()
    const own = /^[\w/-]+$/.test(part) ? await this.#describe(`alias/${text.replace(/^alias\//, '')}`) : null
    if (own) ids.add(own.KeyId)
    for (let page = 1; page <= SEARCHED / LARGEST_PAGE; page++) {
      const { Aliases, TotalCount } = await this.#kms<Aliases>('ListAliases', {
        PageNumber: page,
        PageSize: LARGEST_PAGE,
      })
      for (const alias of Aliases.Alias) if (nameOf(alias).toLowerCase().includes(part)) ids.add(alias.KeyId)
      if (page * LARGEST_PAGE >= TotalCount) break
    }
    for (const id of await this.#described(part)) ids.add(id)
    return [...ids]
  }

  async #described(part: string): Promise<readonly string[]> {
    const { Keys } = await this.#kms<Keys>('ListKeys', { PageSize: LARGEST_PAGE })
    const all = await Promise.all(Keys.Key.map(({ KeyId }) => this.#describe(KeyId)))
    return all.flatMap((key) =>
      key && (key.Description.toLowerCase().includes(part) || key.KeyId.startsWith(part)) ? [key.KeyId] : [],
    )
  }
}

interface Tagged {
  readonly TagResources: { readonly TagResource: readonly { readonly ResourceId: string }[] }
  readonly NextToken?: string
}

const nameOf = ({ AliasName }: Alias) => AliasName.slice('alias/'.length)
