// A file that contains a key must be accessible only to the process, or only to root and the process.
import type { Stats } from 'node:fs'

/** The bits of `mode` with which all other users may read, write or execute a file. */
const OTHERS = 0o007
const GROUP = 0o070
const GROUP_MAY_WRITE_OR_RUN = 0o030

/**
 * Returns why other users can access the file, with the command that prevents it; null when they can't. The file must belong to the process's
 * user, who alone has access; or to root, where a group may have read access too: orchestrators mount secrets like that for a process that does
 * not run as root. `user` is the process's user id; where it is undefined, as on Windows, the check is skipped.
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
