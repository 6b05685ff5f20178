// Expands the paths of a command line to files and their targets. Tests: test/files/files.test.ts.
import type { Stats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'

const SUFFIX = '.age'

export interface Job {
  readonly from: string
  readonly to: string
  readonly bytes: number
  /** The permissions of the file. */
  readonly mode: number
}

interface Jobs {
  readonly jobs: readonly Job[]
  /** The problems, one sentence each. */
  readonly failures: readonly string[]
  /** The entries of folders that are left out, one sentence each. */
  readonly leftOut: readonly string[]
}

/**
 * Returns the jobs for files and for all files in folders. Targets are beside the sources, or below `output`. `sealing`: encrypt; otherwise
 * decrypt.
 */
export async function jobsOf(paths: readonly string[], output: string | null, sealing: boolean): Promise<Jobs> {
  const [jobs, failures, leftOut]: [Job[], string[], string[]] = [[], [], []]
  const by = new Map<string, string>()
  const add = (from: string, within: string, { size, mode }: Stats) => {
    const name = output === null ? from : join(output, relative(within, from))
    if (!sealing && !isSealed(name))
      return failures.push(`\`${from}\` does not end in ${SUFFIX}: decrypt it from standard input`)
    const to = sealing ? name + SUFFIX : name.slice(0, -SUFFIX.length)
    const other = by.get(to)
    if (other !== undefined) return failures.push(`\`${other}\` and \`${from}\` would both become \`${to}\``)
    by.set(to, from)
    return jobs.push({ from, to, bytes: size, mode })
  }
  for (const path of paths) {
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => error)
    if (found instanceof Error) failures.push(`\`${path}\`: ${troubleOf(found)}`)
    else if (found.isFile()) add(path, dirname(path), found)
    else if (!found.isDirectory()) failures.push(`\`${path}\` is no file: give its content to standard input`)
    else {
      // As with `cp -r`, targets are below the folder's own name, but not for a path that ends in . or ..
      const within = /^\.{0,2}$/.test(basename(path)) ? path : dirname(path)
      const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(
        (error: NodeJS.ErrnoException) => error,
      )
      if (entries instanceof Error) failures.push(`\`${path}\`: ${troubleOf(entries)}`)
      else
        for (const entry of entries.toSorted((a, b) => (place(a) < place(b) ? -1 : 1))) {
          const file = place(entry)
          if (entry.isFile() && isSealed(file) !== sealing) add(file, within, await stat(file))
          else if (!entry.isFile() && !entry.isDirectory())
            leftOut.push(`\`${file}\` is left out: it is ${entry.isSymbolicLink() ? 'a symbolic link' : 'no file'}`)
        }
    }
  }
  return { jobs, failures, leftOut }
}

function place({ parentPath, name }: { readonly parentPath: string; readonly name: string }): string {
  return join(parentPath, name)
}

function isSealed(path: string): boolean {
  return basename(path).length > SUFFIX.length && path.endsWith(SUFFIX)
}

const TROUBLES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
}

/** Describes a file system error without the path, which the caller's sentence contains. */
export function troubleOf(error: Error): string {
  const { code = '' } = error as NodeJS.ErrnoException
  return TROUBLES[code] ?? error.message
}
