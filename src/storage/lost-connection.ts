// Connections to PostgreSQL that break or fall silent during queries.

/**
 * The codes of the driver, the system and the server for a lost connection. The server is shutting down (57P01 to 57P03), ended the session
 * with an idle transaction (25P03), or became a standby (25006); a new connection may reach the new primary.
 */
const LOST =
  /^(CONNECTION_(CLOSED|ENDED|DESTROYED)|CONNECT_TIMEOUT|ECONN(RESET|REFUSED|ABORTED)|E(HOST|NET)(UNREACH|DOWN)|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|SILENT|57P0[1-3]|25P03|25006|08...)$/

/** Whether the error says that the connection is lost. */
export function isLost(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && LOST.test(code)
}

/** How all queries ended. Rejects at the first lost connection, because the driver may never settle the other queries. */
export function settled(queries: readonly PromiseLike<unknown>[]): Promise<readonly PromiseSettledResult<unknown>[]> {
  return new Promise((resolve, reject) => {
    Promise.allSettled(queries).then(resolve)
    for (const query of queries)
      query.then(undefined, (error: unknown) => {
        if (isLost(error)) reject(error)
      })
  })
}

/** Work that a lost connection must end: each member rejects one piece of it. */
export type UnderWay = Set<(error: Error) => void>

/**
 * Resolves as `work` does. Rejects after `ms` milliseconds, by default with a lost connection, or else with the error of `late`. While it
 * waits, `underWay` has a member that rejects it. It is no race against a promise that outlives it: such a promise would retain every
 * result.
 */
export function within<T>(
  ms: number,
  work: PromiseLike<T>,
  underWay?: UnderWay,
  late: () => Error = () => silent(ms),
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(late()), ms)
    const end = () => {
      clearTimeout(timer)
      underWay?.delete(fail)
    }
    const fail = (error: unknown) => {
      end()
      reject(error)
    }
    underWay?.add(fail)
    work.then((value) => {
      end()
      resolve(value)
    }, fail)
  })
}

const SILENT = 'SILENT'

function silent(ms: number): Error {
  return Object.assign(new Error(`no answer within ${ms} ms`), { code: SILENT })
}
