// Connections to PostgreSQL that break, or say nothing more, while queries are under way.

/** Codes of the driver, of the system and of the server (57P01 to 57P03) that say that there is no connection any more. */
const LOST =
  /^(CONNECTION_(CLOSED|ENDED|DESTROYED)|CONNECT_TIMEOUT|ECONN(RESET|REFUSED|ABORTED)|EPIPE|ETIMEDOUT|SILENT|57P0[1-3])$/

export function isLost(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && LOST.test(code)
}

/** How all queries ended. Rejects as soon as one tells that the connection is lost: the driver may never settle the others. */
export function settled(queries: readonly PromiseLike<unknown>[]): Promise<readonly PromiseSettledResult<unknown>[]> {
  return new Promise((resolve, reject) => {
    Promise.allSettled(queries).then(resolve)
    for (const query of queries)
      query.then(undefined, (error: unknown) => {
        if (isLost(error)) reject(error)
      })
  })
}

/** What the work answers; a lost connection when it says nothing for so long. */
export async function within<T>(ms: number, work: PromiseLike<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<never>((_, reject) => {
    const silent = Object.assign(new Error(`no answer within ${ms} ms`), { code: 'SILENT' })
    timer = setTimeout(() => reject(silent), ms)
  })
  try {
    return await Promise.race([work, silence])
  } finally {
    clearTimeout(timer)
  }
}
