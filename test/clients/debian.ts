// Fresh trees of Debian that tests of packages run in, packed once and used again by later runs.
import assert from 'node:assert/strict'
import { type SpawnSyncOptions, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'

const CACHE = '/var/cache/strongroom-tests'

/** A tar file of a minimal Debian of this machine's release, with these packages. `name` tells it from other lists. */
export function packedDebian(name: string, packages: readonly string[]): string {
  const suite = /VERSION_CODENAME=(\w+)/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? ''
  const packed = join(CACHE, `${suite}${name}.tar`)
  mkdirSync(CACHE, { recursive: true })
  if (!existsSync(packed)) {
    const half = `${packed}.${process.pid}.tar`
    succeeds('mmdebstrap', ['--variant=minbase', `--include=${packages.join()}`, suite, half])
    renameSync(half, packed)
  }
  return packed
}

/** Unpacks such a file into the folder, which it makes. */
export function unpackDebian(packed: string, folder: string): void {
  mkdirSync(folder)
  succeeds('tar', ['-xf', packed, '-C', folder, '--exclude=./dev/*'])
}

/** Runs a command to its end, which must be a good one; returns what it printed. */
export function succeeds(program: string, args: readonly string[], options: SpawnSyncOptions = {}): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { ...options, encoding: 'utf8' })
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${error?.message ?? ''}${stdout}${stderr}`)
  return stdout
}

/** Which of these programs this machine lacks, as a reason to skip a test. */
export function lacks(...programs: string[]): string | false {
  const missing = programs.filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0)
  return missing.length > 0 && `no ${missing.join(', ')} here`
}
