// A page of the list of keys. The service searches, filters and pages; the metadata of the visible rows are read afterwards.
import { call, Refusal } from '../service/call.ts'
import type { Alias, Aliases, KeyMetadata, Keys } from '../service/replies/keys.ts'

export interface Wanted {
  readonly state: string
  readonly level: string
  readonly origin: string
  readonly creator: string
  /** A part of the key's ID, alias or description. */
  readonly text: string
  /** `key` or `key=value`. */
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
const LARGEST_PAGE = 100

export async function findKeys(region: string, wanted: Wanted, signal: AbortSignal): Promise<KeyPage> {
  const kms = <T>(operation: string, parameters = {}) => call<T>('Kms', operation, region, parameters, signal)
  const { Keys, TotalCount } = await kms<Keys>('ListKeys', {
    PageNumber: wanted.page,
    PageSize: PAGE_SIZE,
    Filters: filters(wanted),
  })
  return { rows: await new Asking(kms).rows(Keys.Key.map(({ KeyId }) => KeyId)), total: TotalCount }
}

function filters({ state, level, origin, creator, text, tag }: Wanted): string | undefined {
  const [tagKey = '', ...value] = tag.split('=')
  const wanted = Object.entries({
    KeyState: state,
    ProtectionLevel: level,
    Origin: origin,
    CreatorType: creator,
    // Other names of a key: its ARN, the ARN of an alias, an alias with its prefix.
    Search: text.replace(/^acs:kms:[^:]*:[^:]*:(key\/)?/, '').replace(/^alias\//, ''),
    TagKey: tagKey.trim(),
    TagValue: value.join('=').trim(),
  }).flatMap(([Key, one]) => (one === '' ? [] : [{ Key, Values: [one] }]))
  return wanted.length > 0 ? JSON.stringify(wanted) : undefined
}

class Asking {
  readonly #kms: <T>(operation: string, parameters?: object) => Promise<T>

  constructor(kms: <T>(operation: string, parameters?: object) => Promise<T>) {
    this.#kms = kms
  }

  /** Omits the keys that the caller may not describe. */
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

  /** Makes one call if the region has few aliases, otherwise one for each key; none if the caller may not list them. */
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
}

const nameOf = ({ AliasName }: Alias) => AliasName.slice('alias/'.length)
