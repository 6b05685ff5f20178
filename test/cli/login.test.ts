// `strongroom login`, `logout` and what verbs do with a log-on: with the real service, and a person who uses the console's part of it.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { globalAgent } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { createServer as createTlsServer, getCACertificates, setDefaultCACertificates } from 'node:tls'
import { keepLogOn } from '../../src/cli/kept-log-ons.ts'
import { login, logout } from '../../src/cli/login.ts'
import { writePrivate } from '../../src/cli/private-file.ts'
import type { Surroundings } from '../../src/cli/surroundings.ts'
import { browserCommands, openInBrowser } from '../../src/cli/web-browser.ts'
import { whoami } from '../../src/cli/whoami.ts'
import { selfSigned } from '../../src/gateway/certificates.ts'
import { temporaryFolder } from '../acceptance/program.ts'
import { Browser } from '../console/browser.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { until } from '../until.ts'

/** A command line with a home of its own: what it printed, and said. */
class CommandLine {
  readonly home = temporaryFolder()
  readonly env: Record<string, string>
  out = ''
  err = ''
  constructor(env: Record<string, string>) {
    this.env = { HOME: this.home, BROWSER: '/bin/true', ...env }
  }

  async run(verb: (args: readonly string[], around: Surroundings) => Promise<number>, ...args: string[]) {
    const around = {
      env: this.env,
      readFile: (path: string) => readFileSync(path, 'utf8'),
      print: (text: string) => {
        this.out += `${text}\n`
      },
      complain: (text: string) => {
        this.err += `${text}\n`
      },
      status: () => undefined,
      printsToTerminal: false,
    } as unknown as Surroundings
    this.out = ''
    this.err = ''
    return verb(args, around)
  }

  /** The address that the browser was to open. */
  async address(): Promise<URL> {
    await until(() => /^http/m.test(this.err))
    return new URL(/^http\S+$/m.exec(this.err)?.[0] ?? '')
  }

  get files(): readonly string[] {
    const folder = join(this.home, '.config', 'strongroom', 'log-ons')
    return readdirSync(folder).map((name) => join(folder, name))
  }
}

describe('strongroom login', () => {
  let house: TestHouse
  let browser: Browser
  let line: CommandLine
  before(async () => {
    house = await openTestHouse(null)
    // The command line has the machine's clock.
    house.now = Date.now()
  })
  after(() => house[Symbol.asyncDispose]())
  beforeEach(async () => {
    // A page allows few sessions at once.
    house.now += 30_000
    line = new CommandLine({ STRONGROOM_ENDPOINT: house.endpoint })
    browser = new Browser(house)
    const { accessKeyId, accessKeySecret } = house.credentials
    assert.equal(await browser.outcome({ AccessKeyId: accessKeyId, AccessKeySecret: accessKeySecret }), 'OK')
  })

  /** What the console's page does when the person allows it; returns where the browser is sent on to. */
  const allow = async (page: URL): Promise<string> => {
    const { port, state, challenge } = Object.fromEntries(page.searchParams)
    const { body } = await browser.ask('POST', '/console/log-on/allow', { Challenge: challenge })
    return brought(port ?? '', { code: body.Code, state: state ?? '' })
  }
  const brought = async (port: string, what: Record<string, string>, host = '127.0.0.1'): Promise<string> => {
    const to = `http://${host}:${port}/?${new URLSearchParams(what)}`
    const { headers, status } = await fetch(to, { redirect: 'manual' })
    return headers.get('location') ?? String(status)
  }
  const loggedOn = async (...args: string[]) => {
    const running = line.run(login, ...args)
    const page = await line.address()
    const sentOn = await allow(page)
    assert.equal(await running, 0)
    return { page, sentOn }
  }

  it('brings the session to a port of this machine, keeps it for its owner alone, and verbs use it', async () => {
    const { page, sentOn } = await loggedOn()
    assert.equal(`${page.origin}${page.pathname}`, `${house.endpoint}/console/command-line`)
    assert.deepEqual([...page.searchParams.keys()], ['name', 'port', 'state', 'challenge'])
    const [, code = ''] = /if the page shows the code ((?:[B-Z]{4}-){2}[B-Z]{4}):$/m.exec(line.err) ?? []
    const consonants =
      page.searchParams
        .get('challenge')
        ?.toUpperCase()
        .match(/[BCDFGHJ-NP-TV-XZ]/g) ?? []
    assert.equal(code.replaceAll('-', ''), consonants.slice(0, 12).join(''))
    assert.equal(sentOn, `${house.endpoint}/console/command-line?end=done`)
    assert.match(line.out, /^logged on to http:\S+ as acs:ram::\d{16}:root, until \S+Z\n$/)
    const [file = ''] = line.files
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.equal(statSync(join(file, '..')).mode & 0o777, 0o700)
    assert.equal(await line.run(whoami), 0)
    assert.match(line.out, /^AccessKey {2}STS\.\w+\nfrom {7}the log-on to http:\S+\nat {9}http:\S+\nuntil {6}\S+Z$/m)
    // The only server that there is a log-on to needs no name.
    delete line.env['STRONGROOM_ENDPOINT']
    assert.equal(await line.run(whoami, '--json'), 0)
    assert.equal(JSON.parse(line.out).Endpoint, house.endpoint)
    await browser.logOff()
    assert.equal(await line.run(whoami), 1)
    assert.match(line.err, /refuses them\nInvalidSecurityToken\.Expired/)
    assert.match(line.err, /expired\. Log on again with `strongroom login`\. \(RequestId/)
  })

  it('warns of plain HTTP to another machine before it asks for anything', async () => {
    const warning = /is plain HTTP: others on the network can read the session's secret.*https:.*--ca-file/
    const said = async (endpoint: string) => {
      await assert.rejects(line.run(login, '--device', '--endpoint', endpoint), /can't be reached/)
      return line.err
    }
    assert.match(await said('http://0.0.0.0:1'), warning)
    for (const own of ['http://127.0.0.2:1', 'http://localhost:1', 'http://[::1]:1', 'https://0.0.0.0:1'])
      assert.equal(await said(own), '', own)
  })

  it('is ended by logout at the server, and forgotten here', async () => {
    await loggedOn()
    const kept = JSON.parse(readFileSync(line.files[0] ?? '', 'utf8'))
    assert.equal(await line.run(logout), 0)
    assert.equal(line.out, `logged off from ${house.endpoint}\n`)
    assert.deepEqual(line.files, [])
    assert.equal((await browser.session()).status, 200)
    line.env['ALIBABA_CLOUD_ACCESS_KEY_ID'] = kept.accessKeyId
    line.env['ALIBABA_CLOUD_ACCESS_KEY_SECRET'] = kept.accessKeySecret
    line.env['ALIBABA_CLOUD_SECURITY_TOKEN'] = kept.securityToken
    assert.equal(await line.run(whoami), 1)
    assert.match(line.err, /InvalidSecurityToken\.Expired/)
    assert.doesNotMatch(line.err, /Log on again/)
    await assert.rejects(line.run(logout), /this command line is not logged on to http/)
  })

  it('is forgotten by logout where the server is away, and kept where the line is wrong', async () => {
    await loggedOn()
    const [file = ''] = line.files
    await assert.rejects(line.run(logout, '--ca-file', join(line.home, 'none.pem')), /ENOENT/)
    assert.deepEqual(line.files, [file])
    const endpoint = 'http://127.0.0.1:1'
    await keepLogOn({ ...JSON.parse(readFileSync(file, 'utf8')), endpoint }, {
      env: line.env,
    } as unknown as Surroundings)
    const left =
      /can't be reached.*; the credentials on this machine are deleted; the session lasts until \S+Z, or until the console logs off$/
    await assert.rejects(line.run(logout, '--endpoint', endpoint), left)
    assert.deepEqual(line.files, [file])
  })

  it('is refused if others can read its file, and never leaves a file written in part', async () => {
    await loggedOn()
    const [file = ''] = line.files
    const unfit = /is no log-on that you alone can read and write: delete it/
    chmodSync(file, 0o644)
    for (const verb of [whoami, login, logout]) await assert.rejects(line.run(verb), unfit)
    delete line.env['STRONGROOM_ENDPOINT']
    await assert.rejects(line.run(whoami), unfit)
    chmodSync(file, 0o600)
    assert.equal(await line.run(whoami), 0)
    writeFileSync(file, '{')
    await assert.rejects(line.run(whoami), unfit)
    const folder = join(line.home, 'folder')
    mkdirSync(folder)
    await assert.rejects(writePrivate(folder, 'secret'), /EISDIR|ENOTEMPTY/)
    assert.deepEqual(
      readdirSync(line.home).filter((name) => name.startsWith('folder')),
      ['folder'],
    )
  })

  it('replaces a former log-on, and ends it', async () => {
    await loggedOn()
    const [former = ''] = line.files.map((file) => readFileSync(file, 'utf8'))
    await loggedOn()
    assert.equal(line.files.length, 1)
    writeFileSync(line.files[0] ?? '', former)
    assert.equal(await line.run(whoami), 1)
    assert.match(line.err, /InvalidSecurityToken\.Expired/)
  })

  it('says what in the environment hides it from the verbs', async () => {
    await loggedOn()
    assert.doesNotMatch(line.err, / is set/)
    line.env['ALIBABA_CLOUD_ACCESS_KEY_ID'] = 'a'
    line.env['STRONGROOM_DATA'] = house.data
    line.env['STRONGROOM_ENDPOINT'] = 'https://keys.example.com'
    await loggedOn('--endpoint', house.endpoint)
    const hidden = [...line.err.matchAll(/^(\w+) is set/gm)].map(([, name]) => name)
    assert.deepEqual(hidden, ['ALIBABA_CLOUD_ACCESS_KEY_ID', 'STRONGROOM_DATA', 'STRONGROOM_ENDPOINT'])
  })

  /** Serves the house over TLS. */
  const serveTls = async (certified: { cert: string; key: string }) => {
    const server = createTlsServer(certified, (client) => {
      const plain = connect(Number(new URL(house.endpoint).port), '127.0.0.1')
      client.pipe(plain).pipe(client)
      for (const socket of [client, plain]) socket.on('error', () => client.destroy())
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    return server
  }

  it('keeps the certificates of --ca-file: verbs, the next log-on and logout need no flag', async () => {
    const folder = temporaryFolder()
    const { cert, key, caFile } = await selfSigned(folder, ['127.0.0.1'], Date.now())
    const server = await serveTls({ cert, key })
    try {
      delete line.env['STRONGROOM_ENDPOINT']
      const { port } = server.address() as AddressInfo
      const at = ['--endpoint', `https://127.0.0.1:${port}`]
      const unknown = /no trusted authority issued the certificate of .*: name the file of its CA with --ca-file/
      await assert.rejects(line.run(login, '--device', ...at), unknown)
      // As a file that a CA made for itself may be.
      writeFileSync(caFile, `${key}\n${readFileSync(caFile, 'utf8')}`)
      await loggedOn(...at, '--ca-file', caFile)
      assert.ok(line.files.every((file) => !readFileSync(file, 'utf8').includes('PRIVATE KEY')))
      rmSync(folder, { recursive: true })
      for (const named of [[], at]) assert.equal(await line.run(whoami, ...named), 0)
      await loggedOn(...at)
      assert.equal(await line.run(whoami), 0)
      const other = await selfSigned(folder, ['127.0.0.1'], Date.now())
      await assert.rejects(line.run(whoami, '--ca-file', other.caFile), unknown)
      const elsewhere = ['--endpoint', `https://localhost:${port}`]
      await assert.rejects(line.run(login, '--device', ...elsewhere), unknown)
      assert.equal(await line.run(logout), 0)
      assert.equal(line.out, `logged off from https://127.0.0.1:${port}\n`)
    } finally {
      server.close()
    }
  })

  it('logs on and off where the server has a certificate of the system’s authorities in place of its own', async () => {
    const folder = temporaryFolder()
    const [own, other] = await Promise.all(
      ['own', 'other'].map((name) => selfSigned(join(folder, name), ['127.0.0.1'], Date.now())),
    )
    assert.ok(own && other)
    const server = await serveTls(own)
    const system = getCACertificates('default')
    const untrusted = /^Error: no trusted authority issued the certificate of /
    try {
      delete line.env['STRONGROOM_ENDPOINT']
      const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
      await loggedOn('--endpoint', endpoint, '--ca-file', own.caFile)
      server.setSecureContext({ cert: other.cert, key: other.key })
      // Another command has no connections from before.
      globalAgent.destroy()
      await assert.rejects(line.run(login, '--device', '--endpoint', endpoint), untrusted)
      setDefaultCACertificates([...system, readFileSync(other.caFile, 'utf8')])
      await assert.rejects(line.run(login, '--device', '--endpoint', endpoint, '--ca-file', own.caFile), untrusted)
      await assert.rejects(
        line.run(whoami),
        /--ca-file or STRONGROOM_CA_FILE, or log on again with `strongroom login`$/,
      )
      const [file = ''] = line.files
      const { ca } = JSON.parse(readFileSync(file, 'utf8'))
      const told = `a CA that the system trusts issued the certificate of ${endpoint}; the CA of the previous log-on did not: to trust another CA instead, name it with --ca-file\n`
      await loggedOn('--endpoint', endpoint)
      assert.ok(line.err.startsWith(told), line.err)
      assert.equal(await line.run(whoami), 0)
      const later = JSON.parse(readFileSync(file, 'utf8'))
      assert.equal(later.ca, null)
      writeFileSync(file, JSON.stringify({ ...later, ca }))
      assert.equal(await line.run(logout), 0)
      assert.equal(line.out, `logged off from ${endpoint}\n`)
      assert.equal(line.err, told)
      // A log-on that began under the kept CA gives its code and verifier to nobody else.
      server.setSecureContext({ cert: own.cert, key: own.key })
      await loggedOn('--endpoint', endpoint, '--ca-file', own.caFile)
      const refused = assert.rejects(line.run(login, '--endpoint', endpoint), untrusted)
      const page = await line.address()
      server.setSecureContext({ cert: other.cert, key: other.key })
      globalAgent.destroy()
      await Promise.allSettled([allow(page)])
      await refused
      assert.doesNotMatch(line.err, /the system trusts/)
    } finally {
      setDefaultCACertificates(system)
      server.close()
    }
  })

  it('gives its credentials to no other server, and nobody else’s in their place when it has ended', async () => {
    await loggedOn()
    line.env['STRONGROOM_DATA'] = house.data
    await assert.rejects(line.run(whoami), /no credentials/)
    delete line.env['STRONGROOM_DATA']
    await assert.rejects(line.run(whoami, '--endpoint', 'http://127.0.0.1:1'), /no credentials/)
    const [file = ''] = line.files
    writeFileSync(
      file,
      JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), expiration: '2026-01-01T00:00:00Z' }),
    )
    await assert.rejects(line.run(whoami), /ended at 2026-01-01T00:00:00Z: log on again with `strongroom login`/)
  })

  it('takes a code only with its own state, by its own address, and from this machine', async () => {
    const running = line.run(login)
    const page = await line.address()
    const { port = '', state = '', challenge } = Object.fromEntries(page.searchParams)
    assert.equal(await brought(port, { code: 'x', state: 'x'.repeat(22) }), '404')
    assert.equal(await brought(port, { code: 'x' }), '404')
    assert.equal(await brought(port, { code: 'x', state }, 'localhost'), '404')
    assert.equal((await fetch(`http://127.0.0.1:${port}/other?code=x&state=${state}`)).status, 404)
    assert.equal((await fetch(`http://127.0.0.1:${port}//`)).status, 404)
    assert.equal((await fetch(`http://127.0.0.1:${port}/?code=x&state=${state}`, { method: 'POST' })).status, 404)
    // A code of somebody else's challenge is of no use here.
    const other = await browser.ask('POST', '/console/log-on/allow', {
      Challenge: challenge?.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
    })
    assert.equal(
      await brought(port, { code: other.body.Code, state }),
      `${house.endpoint}/console/command-line?end=failed`,
    )
    assert.equal(await running, 1)
    assert.match(line.err, /LogOn\.Failed/)
  })

  it('says that it was denied', async () => {
    const running = line.run(login)
    const { port = '', state = '' } = Object.fromEntries((await line.address()).searchParams)
    const failed = assert.rejects(running, /the log-on was denied in the console/)
    assert.match(await brought(port, { error: 'access_denied', state }), /end=failed$/)
    await failed
  })

  /** Logs on by a code that a person allows; `faults` happen to the first requests that wait for it. */
  const byCode = async (...faults: ((response: ServerResponse) => void)[]) => {
    // Between this command line and the service, somebody says that it needs no pauses.
    const between = createServer(async (request, response) => {
      const fault = request.url === '/console/log-on/token' ? faults.shift() : undefined
      if (fault) return fault(response)
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const { status, body } = await new Browser(house).ask(
        request.method ?? '',
        request.url ?? '',
        Buffer.concat(chunks).toString(),
        { 'x-strongroom-console': null, 'sec-fetch-site': null },
      )
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify('Interval' in body ? { ...body, Interval: 0 } : body))
    })
    await new Promise<void>((listening) => between.listen(0, '127.0.0.1', listening))
    try {
      line.env['STRONGROOM_ENDPOINT'] = `http://127.0.0.1:${(between.address() as AddressInfo).port}`
      const running = line.run(login, '--device')
      assert.equal((await line.address()).pathname, '/console/device')
      const UserCode = /the code (\S+):/.exec(line.err)?.[1]
      const typed = async (more = {}) => (await browser.ask('POST', '/console/log-on/code', { UserCode, ...more })).body
      let asks: { Id: string; Name: string } | null = null
      await until(async () => {
        asks = (await typed()).Asks
        return asks !== null
      })
      const { Id = '', Name = '' } = asks ?? {}
      assert.match(Name, /^.+@.+$/)
      await typed({ Id, Decision: 'Allow' })
      assert.equal(await running, 0)
      assert.match(line.out, /^logged on to .* as acs:ram::\d{16}:root/)
    } finally {
      between.close()
      between.closeAllConnections()
    }
  }

  it('shows a code where there is no browser, and asks until it is allowed', () => byCode())

  it('keeps asking under a code while the server is away, fails, or does not answer', async (t) => {
    const limits: AbortController[] = []
    t.mock.method(AbortSignal, 'timeout', () => {
      limits.push(new AbortController())
      return limits.at(-1)?.signal
    })
    const busy = { RequestId: 'r', Code: 'ServiceUnavailableTemporary', Message: 'Busy.' }
    const faults = [
      (response: ServerResponse) => response.destroy(),
      (response: ServerResponse) => response.writeHead(502, { 'content-type': 'text/html' }).end('<p>'),
      (response: ServerResponse) => response.writeHead(503).end(JSON.stringify(busy)),
      () => limits.at(-1)?.abort(),
    ]
    await byCode(...faults)
    const on = '; asking again until the code ends'
    assert.deepEqual(
      line.err
        .split('\n')
        .filter((said) => said.endsWith(on))
        .map((said) => said.replace(/https?:[^\s)]+/g, '…').replace(on, '')),
      [
        "… can't be reached: socket hang up: does it speak HTTPS (…)?",
        '… is not a Strongroom server: it answered 502 with text/html; set the address of your server with --endpoint or STRONGROOM_ENDPOINT',
        'ServiceUnavailableTemporary: Busy. (RequestId r)',
        '… did not answer in time',
      ],
    )
  })

  it('opens a browser only where there is a desktop', () => {
    const command = (env: Record<string, string>, platform: NodeJS.Platform = 'linux') =>
      browserCommands({ env }, platform)
    assert.deepEqual(command({ DISPLAY: ':0' }), ['xdg-open'])
    assert.deepEqual(command({ WAYLAND_DISPLAY: 'w' }), ['xdg-open'])
    assert.deepEqual(command({}, 'darwin'), ['open'])
    assert.deepEqual(command({ BROWSER: 'firefox' }), ['firefox'])
    assert.deepEqual(command({}), [])
    assert.deepEqual(command({ BROWSER: ':', SSH_CONNECTION: '1' }), [])
    assert.deepEqual(command({ DISPLAY: ':0', SSH_CONNECTION: '1' }), [])
    assert.deepEqual(command({ SSH_CONNECTION: '1' }, 'darwin'), [])
    assert.deepEqual(command({ BROWSER: 'firefox:lynx -x %s', SSH_CONNECTION: '1' }), ['firefox', 'lynx -x %s'])
  })

  it('opens the first browser of a list that starts, with the address in its place', async () => {
    const folder = temporaryFolder()
    const program = join(folder, 'browser')
    writeFileSync(
      program,
      `#!/bin/sh\nfor word; do echo "$word"; done > "${folder}/.said"\nmv "${folder}/.said" "${folder}/said"\n`,
    )
    chmodSync(program, 0o755)
    const opened = async (...commands: string[]) => {
      openInBrowser(commands, 'http://127.0.0.1/?a=$&b', () => assert.fail('no browser'))
      const said = join(folder, 'said')
      await until(() => existsSync(said))
      const words = readFileSync(said, 'utf8').trimEnd().split('\n')
      rmSync(said)
      return words
    }
    const url = 'http://127.0.0.1/?a=$&b'
    assert.deepEqual(await opened(join(folder, 'none'), '/bin/false', `${program} -x`), ['-x', url])
    assert.deepEqual(await opened(`${program} --new=%s -x`), [`--new=${url}`, '-x'])
    const failed = Promise.withResolvers<void>()
    openInBrowser([join(folder, 'none'), '/bin/false'], url, failed.resolve)
    await failed.promise
  })
})
