// The contents of the index of records. The index is not authenticated, so it only says which records a search may find; a reader must
// compare each record with the search. An entry changes in the same transaction as its record.
import type { Row } from './storage.ts'

/** The index entry of a record. */
export interface Indexed {
  /** One bit for each property of the record; at most 31 bits. */
  readonly facets: number
  /** When the facets change by themselves, and to what; null for never. */
  readonly turns: { readonly at: number; readonly facets: number } | null
  /** The time from which no search finds the record; null for never. */
  readonly goneAt: number | null
  /** Texts that searches name as a whole, each between two line feeds; '' for none. */
  readonly labels: string
  /** Text that searches name a part of; see `folded`. */
  readonly text: string
}

/** The indexed kinds, and the entry of a record: a pure function of its row, which may throw for a damaged row. */
export interface Indexing {
  readonly kinds: ReadonlySet<string>
  of(row: Row): Indexed
}

/** For a database without searches, and without changes to records of indexed kinds. */
export const NO_INDEXING: Indexing = {
  kinds: new Set(),
  of: ({ kind }) => {
    throw new Error(`records of kind ${kind} are not indexed`)
  },
}

/** How to open a database: its indexing, and a function that reports the progress of a long migration. */
export interface Opening {
  readonly indexing: Indexing
  readonly notice: (message: string) => void
  /** Whether to open a database that a copy is filling, in order to finish it. */
  readonly filling?: boolean
  /** Whether to refuse a database without tables, instead of creating them. */
  readonly existing?: boolean
}

export const UNINDEXED: Opening = { indexing: NO_INDEXING, notice: () => {} }

/** The text as the index has it: in lower case, and whole characters, as UTF-8 has no others. */
export function folded(text: string): string {
  return text.toLowerCase().toWellFormed()
}
