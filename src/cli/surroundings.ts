import type { Writable } from 'node:stream'

/** The world outside the program, as far as a verb may use it. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readFile(path: string): string
  print(text: string): void
  /** Standard output, for output that is too long to print at once. */
  readonly output: Writable
  /** Standard input, as a stream of bytes. */
  input(): AsyncIterable<Buffer>
  /** Whether standard output is a terminal. */
  readonly printsToTerminal: boolean
  complain(text: string): void
  /** Whether `complain` writes to a terminal, not to a log. */
  readonly terminal: boolean
  /** Shows the progress of long work in one line; the next call replaces it, '' clears it. Does nothing without a terminal. */
  status(text: string): void
  /** Asks for a secret at the terminal; null without one. */
  readonly ask: ((question: string) => Promise<string>) | null
}
