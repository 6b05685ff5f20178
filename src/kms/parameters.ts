// Parameters that several operations share.

import { refuse } from '../api/errors.ts'
import { boolean, integer, json, optional, type Parameter, text } from '../api/parameters.ts'
import { mapPieces } from '../api/pieces.ts'
import { fromBase64 } from '../cryptography/encoding.ts'

const MAX_PLAINTEXT_BYTES = 6144

export const description = optional(text({ max: 8192 }), '')
/** Pages by number and size. Each page after the last one is empty. */
export const pageNumber = optional(integer({ min: 1, max: 999_999_999_999_999 }), 1)
export const pageSize = optional(integer({ min: 1, max: 100 }), 10)
export const flag = optional(boolean(), false)

/** A dry run checks permissions, parameters and key, uses no key material, and is always refused (docs/compatibility.md, "Dry runs"). */
export const dryRun = { DryRun: flag }

const contextParameter: Parameter<ReadonlyMap<string, string>> = {
  ...json({
    max: 8192,
    rule: 'A JSON object of string keys, none twice, and string values, at most 8192 characters; or a parameter for each, whose name ends in a dot and the key.',
    check(value): ReadonlyMap<string, string> | null {
      if (value === null) return new Map()
      if (typeof value !== 'object' || Array.isArray(value)) return null
      const entries = Object.entries(value as Record<string, unknown>)
      // UTF-8 has no form for a lone surrogate: encoding would turn it into another text.
      const fits = entries.every(
        ([key, entry]) => typeof entry === 'string' && key.isWellFormed() && entry.isWellFormed(),
      )
      return fits ? new Map(entries as [string, string][]) : null
    },
  }),
  // A request has at most this many parameters. The limit that counts is on the total length.
  pieces: mapPieces(1000),
}

/** The encryption context: a map of strings. `{}` and `null` count as no context. */
export const encryptionContext = optional(contextParameter, new Map() as ReadonlyMap<string, string>)

/** The plaintext. The text is encrypted as sent; its length is at most 6144 bytes, counted after decoding where the text is strict Base64. */
export const plaintext: Parameter<string> = {
  type: 'text',
  rule: `At most ${MAX_PLAINTEXT_BYTES} bytes, counted after decoding when it is Base64.`,
  secret: true,
  required: true,
  shape: { mostBytes: MAX_PLAINTEXT_BYTES },
  read(name, value) {
    const bytes = fromBase64(value)?.length ?? Buffer.byteLength(value)
    if (bytes > MAX_PLAINTEXT_BYTES) throw refuse('InvalidParameter', { name, rule: this.rule })
    return value
  },
}

/** Returns the first item and the length of the page that a list's parameters ask for. */
export function pageOf(values: { PageNumber: number; PageSize: number }): { offset: number; limit: number } {
  return { offset: (values.PageNumber - 1) * values.PageSize, limit: values.PageSize }
}

/** Returns the members about the page that every list's reply has. */
export function paging(values: { PageNumber: number; PageSize: number }, total: number) {
  return { TotalCount: total, PageNumber: values.PageNumber, PageSize: values.PageSize }
}
