// `strongroom audit verify` on copies of the trail: an export, or a trail's deliveries. It needs only the public key.
import { createReadStream } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { publicKeyOf } from '../actiontrail/audit/checkpoint.ts'
import { linesOf, verifyExport } from '../actiontrail/audit/verify-export.ts'
import { type DeliveredCopy, verifyDelivered } from '../actiontrail/delivery/verify-delivered.ts'
import { named } from '../ledger/chain.ts'
import type { Flags } from '../settings/flags.ts'
import { fileOf } from '../settings/sources.ts'
import { UsageError } from '../settings/usage-error.ts'
import { report } from './audit-report.ts'
import { unusable } from './named-file.ts'
import { bar } from './progress.ts'
import type { Surroundings } from './surroundings.ts'

/** Verifies the copy that the flags name; returns the exit code, or null when they name none. Throws UsageError. */
export async function verifyCopy(flags: Flags, around: Surroundings): Promise<number | null> {
  const [file, delivered] = [flags.get('file'), flags.get('delivered')]
  if (file === undefined && delivered === undefined) return null
  if (file !== undefined && delivered !== undefined)
    throw new UsageError('`--file` and `--delivered` name two copies: verify one at a time')
  const publicKey = publicKeyIn(flags, around)
  const verifying =
    file === undefined ? verifyFolder(delivered ?? '', publicKey, flags, around) : verifyFile(file, publicKey, around)
  return verifying.catch((error: unknown) => {
    throw unusable(file ?? delivered ?? '', 'read', error)
  })
}

/** The public key (PEM) in the file of `--public-key`. */
function publicKeyIn(flags: Flags, { readFile }: Surroundings): string {
  const path = flags.get('public-key')
  if (path === undefined)
    throw new UsageError('a copy needs `--public-key FILE`: `strongroom audit public-key` prints it')
  const pem = fileOf('public-key', path, readFile)
  try {
    publicKeyOf(pem)
  } catch {
    throw new UsageError(`the file \`${path}\` of \`public-key\` has no Ed25519 public key in PEM`)
  }
  return pem
}

async function verifyFile(file: string, publicKey: string, around: Surroundings): Promise<number> {
  const started = performance.now()
  const lines = linesOf(createReadStream(file))
  const draw = bar(around, 'events')
  return report(await verifyExport(lines, publicKeyOf(publicKey), (seen) => draw(seen, 0)), started, around)
}

async function verifyFolder(folder: string, publicKey: string, flags: Flags, around: Surroundings): Promise<number> {
  const number = flags.get('digest')
  const chain = flags.get('chain')
  if (number !== undefined && !/^\d{1,15}$/.test(number)) throw new UsageError('`--digest` must be a number')
  if (chain !== undefined && number === undefined) throw new UsageError('`--chain` goes with `--digest`')
  const verdict = await verifyDelivered(copyIn(folder), publicKey, {
    ...(number !== undefined && { expected: { number: Number(number), ...(chain !== undefined && { chain }) } }),
    progress: bar(around, 'events'),
  })
  around.status('')
  const { objects, digests, events, chains, missingEvents, uncovered, fault } = verdict
  if (fault !== null) around.complain(`NOT INTACT: ${fault}`)
  else if (digests === 0) around.complain(`\`${folder}\` has no digest: name the top folder of a bucket's copy`)
  const checked = `${events} events in ${objects} objects, covered by ${digests} digests`
  if (fault !== null || digests === 0) {
    around.complain(`${checked}, are as they were delivered`)
    return 1
  }
  around.print(`intact: ${checked}`)
  for (const { trail, account, chain: id, last, lastTime } of chains)
    around.print(`chain ${id}: trail ${trail} of ${account}, up to digest ${last} of ${lastTime}`)
  for (const [first, last] of missingEvents)
    around.print(`events ${named(first)} to ${named(last)} were dropped before their delivery`)
  for (const path of uncovered) around.print(`not verified, newer than the last digest: ${path}`)
  return 0
}

function copyIn(folder: string): DeliveredCopy {
  return {
    async list() {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true })
      return entries
        .filter((entry) => entry.isFile() && !entry.name.startsWith('.unfinished-'))
        .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, '/').length).split(sep).join('/'))
    },
    read: (path) => readFile(join(folder, path)),
  }
}
