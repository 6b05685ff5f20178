// Sockets to PostgreSQL, with TLS if demanded. Each error names the host, and says what to change.
import { connect, isIP, Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { isForOtherNames, lacksTrustedRoot } from '../runtime/tls-errors.ts'
import { type Address, type Host, tlsOptions } from './postgresql-address.ts'

/** The protocol's SSLRequest. */
const ASKS_FOR_TLS = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])
const OFFERS_TLS = 'S'

/** Opens a connection to one host of the address. Rejects with an error that has a code. */
export async function openSocket(address: Address, at: Host): Promise<Socket> {
  const socket = at.host.startsWith('/')
    ? connect({ path: `${at.host}/.s.PGSQL.${at.port}` })
    : connect({ host: at.host, port: at.port })
  const ms = address.connectTimeout * 1000
  const late = setTimeout(() => socket.destroy(failure('CONNECT_TIMEOUT', `no answer within ${ms} ms`)), ms)
  try {
    await once(socket, 'connect')
    if (address.tls === 'disable') return socket
    return await secured(socket, address, at)
  } catch (error) {
    socket.destroy()
    const { message, code = 'CONNECTION_CLOSED' } = error as NodeJS.ErrnoException
    throw Object.assign(new Error(`${nameOf(at)}: ${message}`, { cause: error }), { code })
  } finally {
    clearTimeout(late)
  }
}

export function nameOf({ host, port }: Host): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

async function secured(socket: Socket, address: Address, { host }: Host): Promise<Socket> {
  const options = await tlsOptions(address)
  const answer = once<Buffer>(socket, 'data')
  socket.write(ASKS_FOR_TLS)
  // More than one byte would be an injection: a man in the middle sends it in the clear, to be read as if it came through TLS.
  if (`${await answer}` !== OFFERS_TLS) {
    if (address.tls === 'prefer') return socket
    throw failure('TLS_REFUSED', `sslmode=${address.tls} demands TLS, which the server does not offer`)
  }
  const secure = connectTls({ ...options, socket, host, ...(isIP(host) === 0 && { servername: host }) })
  try {
    await once(secure, 'secureConnect')
  } catch (error) {
    throw explained(error as NodeJS.ErrnoException, host)
  }
  return secure
}

function explained({ code = 'TLS_FAILED', message }: NodeJS.ErrnoException, host: string): Error {
  if (isForOtherNames(code))
    return failure(
      code,
      `sslmode=verify-full demands a certificate for \`${host}\`, but that of the server is for other names`,
    )
  if (lacksTrustedRoot(code))
    // Not Node's message, which recommends an option of Node.
    return failure(code, `no authority of \`sslrootcert\` issued the server's certificate (${code})`)
  return failure(code, `TLS failed: ${message}`)
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}

/** The next event of this name. Rejects when the socket fails or closes first. */
function once<T>(socket: Socket, event: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = () => {
      socket.off(event, come).off('error', fail).off('close', close)
    }
    const come = (value: T) => {
      end()
      resolve(value)
    }
    const fail = (error: Error) => {
      end()
      reject(error)
    }
    const close = () => fail(failure('CONNECTION_CLOSED', 'the server closed the connection'))
    socket.on(event, come).on('error', fail).on('close', close)
  })
}

/** A socket that fails with the error on the next tick. The driver notices failures only through socket events. */
export function failing(error: Error): Socket {
  const socket = new Socket()
  process.nextTick(() => socket.destroy(error))
  return socket
}
