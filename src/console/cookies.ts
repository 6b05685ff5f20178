// The console's cookies. Pages can't read them, other sites can't send them, and under TLS no other host can set them.
import { type HttpRequest, header } from '../gateway/request.ts'

type Name = 'session' | 'mfa'

const NAMES: Readonly<Record<Name, readonly [plain: string, secure: string]>> = {
  session: ['strongroom-console', '__Host-strongroom'],
  mfa: ['strongroom-console-mfa', '__Host-strongroom-mfa'],
}

function nameOf(name: Name, { secure }: Pick<HttpRequest, 'secure'>): string {
  return NAMES[name][secure ? 1 : 0]
}

/** The value of a cookie; '' where it is absent, or comes twice. */
export function cookieOf(request: HttpRequest, name: Name): string {
  const wanted = `${nameOf(name, request)}=`
  const found = header(request, 'cookie')
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one.startsWith(wanted))
  return found.length === 1 ? (found[0] ?? '').slice(wanted.length) : ''
}

/** The header that sets a cookie: until the browser closes, or for `seconds`; an empty value with 0 deletes it. */
export function setCookie(request: HttpRequest, name: Name, value: string, seconds: number | null = null): string {
  const path = request.secure ? 'Path=/; Secure' : 'Path=/console'
  const age = seconds === null ? '' : `; Max-Age=${seconds}`
  return `${nameOf(name, request)}=${value}; ${path}; HttpOnly; SameSite=Strict${age}`
}
