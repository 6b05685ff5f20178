// Connections to PostgreSQL that break while queries are under way.

/** Codes of the driver and of the system that say that there is no connection any more; 57P: the server ended it. */
const LOST =
  /^(CONNECTION_(CLOSED|ENDED|DESTROYED)|CONNECT_TIMEOUT|ECONN(RESET|REFUSED|ABORTED)|EPIPE|ETIMEDOUT|57P0[1-3])$/

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
