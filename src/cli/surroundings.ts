/** What a verb may use of its surroundings. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readFile(path: string): string
  print(text: string): void
  complain(text: string): void
  /** Whether what is complained goes to a terminal, not to a log. */
  readonly terminal: boolean
  /** Shows how far long work is, in one line that is written over, where somebody watches; '' clears it. */
  status(text: string): void
  /** Asks for a secret at the terminal; null where there is none. */
  readonly ask: ((question: string) => Promise<string>) | null
}
