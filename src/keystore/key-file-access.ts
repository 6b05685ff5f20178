// A file that holds a key must be accessible to the process, or to root and the process, and to no one else.
import type { Stats } from 'node:fs'

/** The bits of `mode` by which others may read, write or run a file. */
const OTHERS = 0o007
const GROUP = 0o070
const GROUP_MAY_WRITE_OR_RUN = 0o030

/**
 * Why other users can access the file, with the command that prevents it; null when they can't. The file must belong to the process's
 * user, with access for that user alone; or to root, with access for root alone, or also for a group that may read it and no more: so
 * orchestrators give secrets to a process that does not run as root. `user` is the process's user id; without one, as on Windows,
 * nothing is known.
 */
export function tooOpen(
  path: string,
  { mode, uid }: Pick<Stats, 'mode' | 'uid'>,
  user: number | undefined,
): string | null {
  if (user === undefined) return null
  if (uid !== user && uid !== 0)
    return `\`${path}\` belongs to another user (${uid}), who can replace it: run \`chown ${user} ${path}\``
  const asSecret = uid === 0 && user !== 0 && (mode & GROUP_MAY_WRITE_OR_RUN) === 0
  if ((mode & OTHERS) === 0 && ((mode & GROUP) === 0 || asSecret)) return null
  return `\`${path}\` can be reached by others (mode 0${(mode & 0o777).toString(8)}): run \`chmod 600 ${path}\``
}
