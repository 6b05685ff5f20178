// gRPC on a Unix socket that only its owner can use. Tests: test/kubernetes/provider.test.ts.
import { once } from 'node:events'
import { lstatSync, statSync, unlinkSync } from 'node:fs'
import { createServer, type ServerHttp2Session } from 'node:http2'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import type { ConnectRouter } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'

/** The longest message, in bytes. kube-apiserver sends seeds of 32 bytes and ciphertexts of at most 1 KiB. */
const MESSAGE_BYTES = 64 * 1024

/** Serves `routes` at `path`. Replaces the socket of a process that has ended. Rejects when the path exists otherwise. */
export async function serveGrpc(path: string, routes: (router: ConnectRouter) => void): Promise<AsyncDisposable> {
  await removeDeadSocket(path)
  const handler = connectNodeAdapter({
    routes,
    grpc: true,
    grpcWeb: false,
    connect: false,
    readMaxBytes: MESSAGE_BYTES,
  })
  const sessions = new Set<ServerHttp2Session>()
  const server = createServer(handler)
  server.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
  })
  await once(server.listen(path), 'listening')
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      // A session ends after its running calls are answered.
      for (const session of sessions) session.close()
      await closed
    },
  }
}

async function removeDeadSocket(path: string): Promise<void> {
  const folder = dirname(path)
  // The system calls this a lack of permission.
  if (!statSync(folder, { throwIfNoEntry: false }))
    throw new Error(`there is no folder \`${folder}\`: create it, or name another path with --socket`)
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found) return
  if (!found.isSocket()) throw new Error(`\`${path}\` is no socket: remove it, or name another path with --socket`)
  if (await isServed(path))
    throw new Error(`another process serves \`${path}\`: stop it, or name another path with --socket`)
  unlinkSync(path)
}

/** Only a refusal means that no process listens: a full queue or missing rights stop a connection, too. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED'))
  })
}
