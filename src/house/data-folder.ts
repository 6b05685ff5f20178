import { mkdirSync } from 'node:fs'
import { UsageError } from '../settings/usage-error.ts'

/** Makes sure that the data folder exists; only its owner can use a new one. Throws UsageError. */
export function makeDataFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new UsageError(
      `the data folder \`${path}\` can't be created: ${(error as Error).message}: correct the permissions, or name another folder`,
    )
  }
}
