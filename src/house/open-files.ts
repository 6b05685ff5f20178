// How many files, connections included, the system lets this process have open.

/** Kept for the database, the HSM, the log and the rest. */
const RESERVED = 256

/** So many of the wanted connections as there are descriptors for. `limits` reads /proc/self/limits; where that can't be read, all. */
export function affordableConnections(wanted: number, limits: () => string): number {
  try {
    const open = /^Max open files\s+(\d+)/m.exec(limits())?.[1]
    return open === undefined ? wanted : Math.max(1, Math.min(wanted, Number(open) - RESERVED))
  } catch {
    return wanted
  }
}
