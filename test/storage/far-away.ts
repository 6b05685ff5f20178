// A way to a PostgreSQL server that takes longer, as to one that is far away.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Somewhere to reach the server of `url` by; each way takes `ms` milliseconds more. */
export async function farAway(url: string, ms: number): Promise<AsyncDisposable & { readonly url: string }> {
  const { port } = new URL(url)
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(port), '127.0.0.1')
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from)
      from.on('data', (data) => void setTimeout(() => to.write(data), ms))
      from.on('close', () => {
        open.delete(from)
        setTimeout(() => to.destroy(), ms)
      })
      from.on('error', () => {})
    }
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const through = new URL(url)
  through.port = String((server.address() as AddressInfo).port)
  return {
    url: through.href,
    async [Symbol.asyncDispose]() {
      for (const end of open) end.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
