// What the index of records holds. It is not authenticated, so it only says which records a search may find; whoever shows one holds it against
// the search. An entry changes in the transaction that changes its record.
import type { Row } from './storage.ts'

/** What the index has of a record. */
export interface Indexed {
  /** A bit for each property that the record has, of 31. */
  readonly facets: number
  /** When it gets other facets by itself, and which; null for never. */
  readonly turns: { readonly at: number; readonly facets: number } | null
  /** From when on no search finds it; null for never. */
  readonly goneAt: number | null
  /** Texts that searches name as a whole, each between two line breaks; '' for none. */
  readonly labels: string
  /** Text of which searches name a part; see `folded`. */
  readonly text: string
}

/** Which kinds of records are indexed, and what the index has of one: a pure function of its row, which may throw where the row is damaged. */
export interface Indexing {
  readonly kinds: ReadonlySet<string>
  of(row: Row): Indexed
}

/** For a database in which nothing is searched, and no record of an indexed kind is changed. */
export const NO_INDEXING: Indexing = {
  kinds: new Set(),
  of: ({ kind }) => {
    throw new Error(`records of kind ${kind} are not indexed`)
  },
}

/** How a database is opened: its index, and who hears how far a migration that takes long has come. */
export interface Opening {
  readonly indexing: Indexing
  readonly notice: (message: string) => void
  /** Whether to open a database that is being filled, to finish it. */
  readonly filling?: boolean
}

export const UNINDEXED: Opening = { indexing: NO_INDEXING, notice: () => {} }

/** The text as the index has it: in lower case, and without the characters that PostgreSQL can't store. */
export function folded(text: string): string {
  return text.toLowerCase().toWellFormed().replaceAll('\0', '\ufffd')
}
