// What a request of the console's pages has and a request from elsewhere can't have. A browser sends no page's own header to another origin
// unless that origin allows it beforehand, which this server never does; and it says itself where a request comes from.
import { refuse } from '../api/errors.ts'
import { type HttpRequest, header } from '../gateway/request.ts'

const OWN_HEADER = 'x-strongroom-console'

/** Refuses with Session.CrossSite a request that a browser sent: what only the command line does. */
export function demandNoPage(request: HttpRequest): void {
  if (header(request, 'origin') !== '' || header(request, 'sec-fetch-site') !== '') throw refuse('Session.CrossSite')
  demandJson(request)
}

/** Refuses with Session.CrossSite a request that no page of this console sent, and one whose body is no JSON. */
export function demandOwnPage(request: HttpRequest): void {
  const site = header(request, 'sec-fetch-site')
  const origin = header(request, 'origin')
  const host = header(request, 'host').toLowerCase()
  const own = `${request.secure ? 'https' : 'http'}://${host}`
  const isOwn =
    header(request, OWN_HEADER) === '1' &&
    (site === '' || site === 'same-origin') &&
    // A proxy may have taken TLS off: then the scheme is another, and the host still the same.
    (origin === '' || origin.toLowerCase() === own || origin.toLowerCase() === `https://${host}`)
  if (!isOwn) throw refuse('Session.CrossSite')
  demandJson(request)
}

function demandJson(request: HttpRequest): void {
  const type = header(request, 'content-type').split(';', 1)[0]?.trim().toLowerCase()
  if (request.body.length > 0 && type !== 'application/json')
    throw refuse('ParseRequestParameterException', { rule: 'The body must be JSON.' })
}
