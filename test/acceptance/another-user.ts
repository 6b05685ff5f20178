// Work by another user than the owner of some files and folders.
import { chmodSync } from 'node:fs'

const NOBODY = 65_534

/** Does the work while these files and folders are closed to its user. Load beforehand what it loads: the program's files may be closed, too. */
export async function withoutAccess<T>(paths: readonly string[], work: () => Promise<T>): Promise<T> {
  const isRoot = process.geteuid?.() === 0
  // No mode keeps root out of a folder, and nobody else can become another user.
  const enter = (user: number, mode: number) => {
    if (isRoot) process.seteuid?.(user)
    else for (const path of paths) chmodSync(path, mode)
  }
  enter(NOBODY, 0)
  try {
    return await work()
  } finally {
    enter(0, 0o700)
  }
}
