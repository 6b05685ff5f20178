import type { Writable } from 'node:stream'

/** The world outside the program, as far as a verb may use it. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readFile(path: string): string
  print(text: string): void
  /** Standard output, for what is too long to print at once. */
  readonly output: Writable
  /** Standard input, as a stream of bytes. */
  input(): AsyncIterable<Buffer>
  /** Whether standard output is a terminal. */
  readonly printsToTerminal: boolean
  complain(text: string): void
  /** Whether `complain` writes to a terminal, not to a log. */
  readonly terminal: boolean
  /** Shows the progress of long work in one line, which the next call replaces; '' clears it. Nothing without a terminal. */
  status(text: string): void
  /** Asks for a secret at the terminal; null where there is none. */
  readonly ask: ((question: string) => Promise<string>) | null
}
