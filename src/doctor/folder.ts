// The files of a server on this machine: their permissions, and the free space.
import { readdirSync, type Stats, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { WITNESS_FILE } from '../house/witness.ts'
import { tooOpen } from '../keystore/key-file-access.ts'
import { rootKeyPath } from '../settings/root-key.ts'
import type { Settings } from '../settings/settings.ts'
import { type Finding, findingsOf } from './finding.ts'

const MIB = 1024 * 1024
/** Below this, a server soon can't commit. */
const FEW_BYTES = 256 * MIB
const TIGHT_BYTES = 2048 * MIB

/** The status of the file or folder at a path; null where there is none. Throws when the status can't be read. */
export function statOf(path: string): Stats | null {
  return statSync(path, { throwIfNoEntry: false }) ?? null
}

/** The finding that this user can't read the data folder; null where it can, and where there is none. */
export function checkAccess(data: string): Finding | null {
  try {
    if (statOf(data)?.isDirectory()) readdirSync(data)
    return null
  } catch (failure) {
    const says = `this user can't read \`${data}\` (${(failure as NodeJS.ErrnoException).code})`
    return findingsOf('data folder').error(says, 'run this command as the user of the server')
  }
}

/** Checks the permissions of the data folder and of the files with secrets. `folder` is the status of the data folder. */
export function checkFolder(settings: Settings, folder: Stats): readonly Finding[] {
  const { ok, warning, error } = findingsOf('data folder')
  const { data, hsm, tls } = settings
  if (!folder.isDirectory()) return [error(`\`${data}\` is no folder`, 'name the data folder with --data')]
  const found: Finding[] = []
  if ((folder.mode & 0o077) !== 0)
    found.push(warning(`others can reach \`${data}\` (mode ${octal(folder)})`, `run \`chmod 700 ${data}\``))
  if ((folder.mode & 0o200) === 0)
    found.push(
      error(
        `its owner can't write to \`${data}\` (mode ${octal(folder)}): no witness of the trail is kept`,
        `run \`chmod 700 ${data}\``,
      ),
    )
  const inFolder = readdirSync(data).filter((name) => /^(?:strongroom\.db.*|root-credentials\.json)$/.test(name))
  const secrets = [
    rootKeyPath(settings),
    ...inFolder.map((name) => join(data, name)),
    ...(tls && 'key' in tls ? [tls.key] : []),
    ...(hsm?.pinFile ? [hsm.pinFile] : []),
  ]
  for (const path of secrets) {
    const file = statOf(path)
    // The server runs as the owner of its folder. Systems without owners, such as Windows, tell nothing.
    const why = file && tooOpen(path, file, process.getuid && folder.uid)
    if (why) found.push(error(...split(why)))
  }
  for (const name of readdirSync(data).filter((file) => file.startsWith(WITNESS_FILE))) {
    const file = statOf(join(data, name))
    if (file && file.uid !== folder.uid)
      found.push(
        warning(
          `\`${join(data, name)}\` belongs to another user (${file.uid}) than the folder (${folder.uid})`,
          `run \`chown ${folder.uid} ${join(data, name)}\`, or the server can't replace it`,
        ),
      )
  }
  return found.length > 0 ? found : [ok(`\`${data}\` and the secrets in it are accessible only to its owner`)]
}

/** The text of tooOpen, split into finding and remedy. */
function split(why: string): [says: string, remedy: string] {
  const at = why.lastIndexOf(': run ')
  return [why.slice(0, at), why.slice(at + 2)]
}

function octal({ mode }: Stats): string {
  return `0${(mode & 0o777).toString(8)}`
}

/** The free space for the data folder. */
export function checkSpace(data: string): Finding {
  const { ok, warning, error } = findingsOf('disk space')
  const { bavail, bsize, blocks } = statfsSync(data)
  const [free, all] = [bavail * bsize, blocks * bsize]
  const says = `${Math.floor(free / MIB)} MiB of ${Math.floor(all / MIB)} MiB are free for \`${data}\``
  const remedy = 'free disk space: on a full disk, the server commits nothing, and refuses every call'
  if (free < FEW_BYTES) return error(says, remedy)
  return free < TIGHT_BYTES ? warning(says, remedy) : ok(says)
}
