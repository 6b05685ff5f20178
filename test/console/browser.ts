// What a browser does with the console's server part: it keeps cookies, and sends the headers that pages send.
import type { Called } from '../acceptance/program.ts'
import type { TestHouse } from '../house.ts'

export interface Answered extends Called {
  readonly headers: Headers
}

type Headers = Response['headers']
type Extra = Readonly<Record<string, string | null>>

export class Browser {
  readonly #house: Pick<TestHouse, 'endpoint'>
  readonly cookies = new Map<string, string>()

  constructor(house: Pick<TestHouse, 'endpoint'>) {
    this.#house = house
  }

  /** Sends a request as a page of the console does; `extra` replaces headers, or with null leaves them out. */
  async ask(method: string, path: string, body?: unknown, extra: Extra = {}): Promise<Answered> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const own: Extra = {
      'x-strongroom-console': '1',
      'sec-fetch-site': 'same-origin',
      'content-type': body === undefined ? null : 'application/json',
      cookie: cookie || null,
      ...extra,
    }
    const headers = Object.fromEntries(Object.entries(own).filter((one): one is [string, string] => one[1] !== null))
    const init = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
    const answer = await fetch(`${this.#house.endpoint}${path}`, { method, headers, redirect: 'manual', ...init })
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      if (/Max-Age=0/.test(set)) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    const text = await answer.text()
    const isJson = answer.headers.get('content-type')?.startsWith('application/json')
    return { status: answer.status, body: isJson && text !== '' ? JSON.parse(text) : text, headers: answer.headers }
  }

  step(body: object): Promise<Answered> {
    return this.ask('POST', '/console/session', body)
  }

  session(): Promise<Answered> {
    return this.ask('GET', '/console/session')
  }

  logOff(): Promise<Answered> {
    return this.ask('DELETE', '/console/session')
  }

  /** Calls an operation, such as `Kms/ListKeys`. */
  call(operation: string, parameters: object = {}, query = ''): Promise<Answered> {
    return this.ask('POST', `/console/api/${operation}${query}`, parameters)
  }

  /** 'OK', the next step, or the code of the refusal. */
  async outcome(body: object): Promise<string> {
    const answer = await this.step(body)
    return answer.status === 200 ? (answer.body.Next ?? 'OK') : answer.body.Code
  }
}
