// Who may reach a file that holds a key: nobody but the process, or root and the process.
import type { Stats } from 'node:fs'

/** The bits of `mode` by which others may read, write or run a file. */
const OTHERS = 0o007
const GROUP = 0o070
const GROUP_MAY_WRITE_OR_RUN = 0o030

/**
 * Why the file is not kept from others, and the command that does, or null when it is. It must be the process's own, for its owner
 * alone; or root's, which can reach everything anyway, for root alone, or readable, and no more, by a group that the process reads it
 * through: that is how orchestrators hand secrets to a process that is not root's. `user` is the process's user id; without one, as on
 * Windows, nothing is known.
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
