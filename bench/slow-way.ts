// A way to the database that takes time, as from another building.
import { createServer, connect as dial, type Socket } from 'node:net'

/** Passes on what comes for the local port `to`, and what is answered `delayMs` later. */
export async function slowWay(to: number, delayMs: number): Promise<{ readonly port: number; close(): void }> {
  const open = new Set<Socket>()
  const proxy = createServer((near) => {
    const far = dial(to, '127.0.0.1')
    for (const socket of [near, far]) {
      socket.setNoDelay(true)
      open.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => {
        open.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.on('data', (bytes) => far.write(bytes))
    far.on('data', (bytes) => setTimeout(() => near.write(bytes), delayMs))
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const address = proxy.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    close: () => {
      proxy.close()
      for (const socket of open) socket.destroy()
    },
  }
}
