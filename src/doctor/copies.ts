// The copies that an operator keeps elsewhere: a backup, and a copy of the root key.

import { timingSafeEqual } from 'node:crypto'
import { closeSync, openSync, readSync, type Stats } from 'node:fs'
import { isoSeconds } from '../api/time.ts'
import { readRootKeyFile } from '../keystore/root-key.ts'
import { rootKeyPath } from '../settings/root-key.ts'
import type { Settings } from '../settings/settings.ts'
import { counted, type Finding, findingsOf } from './finding.ts'
import { statOf } from './folder.ts'

const HOUR_MS = 3_600_000
/** A day between backups, and the time for writing one. */
const OLD_HOURS = 26
const AGE = 'age-encryption.org/v1\n'
const AS_READER = 'run this command as a user who can read it'

/** The age of the newest backup, by the time of its file. */
export function checkBackup(path: string | undefined, now: number): Finding {
  const { ok, warning, error, notMade } = findingsOf('backup')
  if (path === undefined) return notMade('no backup is named', 'name the newest one with --backup FILE')
  const remedy = 'write one: `strongroom backup --to FILE --recipient age1…`'
  let file: Stats | null
  let isBackup: boolean
  try {
    file = statOf(path)
    isBackup = file?.isFile() === true && beginningOf(path) === AGE
  } catch (failure) {
    return error(`\`${path}\` can't be read: ${(failure as Error).message}`, AS_READER)
  }
  if (!file) return error(`there is no backup at \`${path}\``, remedy)
  if (!isBackup) return error(`\`${path}\` is no backup`, remedy)
  const hours = Math.floor((now - file.mtimeMs) / HOUR_MS)
  const says = `\`${path}\` is of ${isoSeconds(file.mtimeMs)}, ${counted(hours, 'hour')} ago`
  return hours >= OLD_HOURS ? warning(says, remedy) : ok(says)
}

function beginningOf(path: string): string {
  const [file, bytes] = [openSync(path, 'r'), Buffer.alloc(AGE.length)]
  try {
    return bytes.toString('latin1', 0, readSync(file, bytes, 0, AGE.length, 0))
  } finally {
    closeSync(file)
  }
}

/** Whether a file is a copy of the root key file on another disk. `folder` is the status of the data folder, or null. */
export function checkCopy(path: string | undefined, settings: Settings | null, folder: Stats | null): Finding {
  const { ok, warning, error, notMade } = findingsOf("root key's copy")
  if (path === undefined && (!settings || !folder || statOf(rootKeyPath(settings))))
    return notMade('no copy is named', 'name it with --root-key-copy FILE: without the root key, a backup is useless')
  const remedy = 'copy the root key file to another machine, and to paper'
  if (!settings || !folder) return notMade('there is no data folder here')
  try {
    const key = readRootKeyFile(rootKeyPath(settings))
    if (path === undefined || !key) return notMade('the root key is in no file here')
    const copy = readRootKeyFile(path)
    if (!copy) return error(`there is no copy at \`${path}\``, remedy)
    const same = timingSafeEqual(key, copy)
    key.fill(0)
    copy.fill(0)
    if (!same) return error(`\`${path}\` is not the current root key`, remedy)
    if (statOf(path)?.dev === folder.dev)
      return warning(`\`${path}\` is the root key, on the same disk as the data folder`, remedy)
    return ok(`\`${path}\` is the root key`)
  } catch (failure) {
    const { message, code } = failure as NodeJS.ErrnoException
    return error(message, code === 'EACCES' ? AS_READER : remedy)
  }
}
