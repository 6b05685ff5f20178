/** What a verb may use of its surroundings. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readFile(path: string): string
  print(text: string): void
  complain(text: string): void
}
