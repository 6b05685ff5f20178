// Programs of others that a test uses where they are installed.
import { spawnSync } from 'node:child_process'

/** The program's path: what the variable of the environment names, else what PATH has; null where neither has one. */
export function installed(program: string, variable: string): string | null {
  const named = process.env[variable]
  if (named) return named
  const { status, stdout } = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}

/** Why a test is left out, from what this machine lacks for it; false where it lacks nothing. */
export function leftOut(lacking: readonly string[]): string | false {
  return lacking.length > 0 && `not run: no ${lacking.join(', no ')} here`
}
