// Connections to PostgreSQL that break or fall silent while queries are under way.

/** Codes of the driver, the system and the server (57P01 to 57P03) for a connection that is lost. */
const LOST =
  /^(CONNECTION_(CLOSED|ENDED|DESTROYED)|CONNECT_TIMEOUT|ECONN(RESET|REFUSED|ABORTED)|EPIPE|ETIMEDOUT|SILENT|57P0[1-3])$/

/** Whether the error says that the connection is lost. */
export function isLost(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && LOST.test(code)
}

/** How all queries ended. Rejects as soon as one of them reports a lost connection: the driver may never settle the others. */
export function settled(queries: readonly PromiseLike<unknown>[]): Promise<readonly PromiseSettledResult<unknown>[]> {
  return new Promise((resolve, reject) => {
    Promise.allSettled(queries).then(resolve)
    for (const query of queries)
      query.then(undefined, (error: unknown) => {
        if (isLost(error)) reject(error)
      })
  })
}

/** Resolves as `work` does. Rejects with a lost connection when it takes longer than `ms` milliseconds. */
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
