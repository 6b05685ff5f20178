// Clients: they make calls that overlap, note what they got and when, and repeat what failed.
import type { Answer } from '../../src/gateway/encode.ts'
import type { HttpRequest } from '../../src/gateway/request.ts'
import { ALIASES, type Cast, FIRST_VERSION, GROUP, POLICY, SECRET, USER } from './cast.ts'
import { drawn } from './drawn.ts'
import { latency } from './faults.ts'
import type { Called } from './linearizable.ts'
import { listed, type Op } from './model.ts'
import { signed } from './requests.ts'
import { BEGINNING } from './runtime.ts'
import type { Server } from './server.ts'
import type { World } from './world.ts'

const TRIES = 3

/** A ciphertext that a client got for this text under this key. */
export interface Blob {
  readonly key: number
  readonly blob: string
  readonly text: string
}

/** What clients did and saw. */
export class History {
  readonly calls: Called<Op>[] = []
  readonly blobs: Blob[] = []
  /** The versions of the secret that clients were told of. */
  readonly versions: string[] = [FIRST_VERSION]
  /** Requests that were answered with success. */
  readonly used: HttpRequest[] = []
  /** The ids of calls that were acknowledged. */
  readonly acknowledged: string[] = []
  #named = 0

  /** A text that no other call has. */
  text(): string {
    return `t${++this.#named}`
  }
}

/** Makes `count` calls, one after the other. */
export async function client(who: string, count: number, world: World, cast: Cast, history: History): Promise<void> {
  const { random, scheduler } = world
  for (let i = 0; i < count; i++) {
    await world.pause(world.host.faults.thinkMs * random.fraction(), `${who} thinks`)
    if (history.used.length > 0 && random.chance(world.host.faults.replay)) await replay(world, history)
    const op = drawn(random, history)
    let gaveUp: Server | null = null
    const away = (server: Server) => {
      gaveUp = server
    }
    for (let tries = 1; tries <= TRIES; tries++) {
      const name = `${who}-${i}-${tries}`
      scheduler.note(`${name} asks ${JSON.stringify(op)}`)
      if ((await perform(op, name, world, cast, history, { not: gaveUp, gaveUp: away })) !== null) break
    }
  }
}

/** What a client that repeats calls knows of servers: the one that it gave up last, and what notes that. */
interface Patience {
  readonly not: Server | null
  readonly gaveUp: (server: Server) => void
}

const PATIENT: Patience = { not: null, gaveUp() {} }

/** Sends a request again that succeeded before, as an attacker does. */
export async function replay(world: World, history: History): Promise<void> {
  const answer = await send(world.random.pick(history.used), world, history)
  if (answer?.status === 200) world.violated(`a replayed request succeeded: ${answer.body}`)
}

/** Makes one call, and notes it; returns its answer, or null where the outcome is not known. */
export async function perform(
  op: Exclude<Op, { do: 'operator' }>,
  name: string,
  world: World,
  cast: Cast,
  history: History,
  patience = PATIENT,
): Promise<string | null> {
  const { scheduler, random } = world
  const now = BEGINNING + scheduler.now
  const text = op.do === 'Encrypt' ? history.text() : ''
  const request = signed(op.do, parametersOf(op, cast, text), cast.credentials[op.caller], name, now)
  const from = scheduler.steps
  const first = await send(request, world, history, patience)
  const second = random.chance(world.host.faults.replay) ? await send(request, world, history) : null
  if (first?.status === 200 && second?.status === 200) world.violated(`the nonce ${name} counted twice`)
  const reply = [first, second].find((one) => one?.status === 200) ?? (isUncertain(first) ? null : first)
  if (reply?.status === 200) history.used.push(request)
  const answer = reply && answerOf(op, reply, cast)
  scheduler.note(`${name} gets ${answer ?? 'no answer'}`)
  history.calls.push({ op, from, to: answer === null ? Number.POSITIVE_INFINITY : scheduler.steps, answer })
  if (reply?.status === 200 && op.do === 'Encrypt') {
    const { CiphertextBlob, KeyId } = JSON.parse(reply.body)
    history.blobs.push({ key: cast.keys.indexOf(KeyId), blob: CiphertextBlob, text })
  }
  if (reply?.status === 200 && op.do === 'PutSecretValue') history.versions.push(op.text)
  return answer
}

/** Sends a request to a server; resolves with null when no answer comes. */
async function send(
  request: HttpRequest,
  world: World,
  history: History,
  { not, gaveUp } = PATIENT,
): Promise<Answer | null> {
  const { scheduler, random, host, stage } = world
  const travel = () => latency(host.faults, random)
  const up = world.servers.filter((server) => server !== null)
  const servers = up.length > 1 ? up.filter((server) => server !== not) : up
  // The first server, which may be far away, would else hold up all clients in turn.
  const near = servers.length > 1 && random.chance(0.8) ? servers.slice(1) : servers
  const server = near.length > 0 ? random.pick(near) : null
  if (!server || random.chance(host.faults.lostCall)) {
    await world.pause(travel(), 'no way to a server')
    return null
  }
  return new Promise((resolve) => {
    const none = () => resolve(null)
    let closedAt = Number.POSITIVE_INFINITY
    const isAbandoned = () => world.plant !== 'done for callers who gave up' && closedAt <= scheduler.steps
    const cancel = scheduler.after(host.faults.patienceMs, 'gives up', stage, () => {
      none()
      gaveUp(server)
      scheduler.after(travel(), 'connection closed', server.process, () => {
        closedAt = scheduler.steps
      })
    })
    const offGone = server.onGone(none)
    const isLost = random.chance(host.faults.lostCall)
    scheduler.after(travel(), 'call', server.process, () => {
      void server.answer({ ...request, isAbandoned }).then((answer) => {
        checkAnswer(answer, server, world, history)
        checkCaller(answer, closedAt, world)
        if (isLost) return
        scheduler.after(travel(), 'answer', stage, () => {
          cancel()
          offGone()
          resolve(answer)
        })
      })
    })
  })
}

/** No answer goes out before its event is durable. */
function checkAnswer({ status, requestId, body }: Answer, server: Server, world: World, history: History): void {
  if (!server.process.alive) return
  const { database, durable } = world.host
  if (status === 200) {
    history.acknowledged.push(requestId)
    if (!database.isDurable(requestId, durable))
      world.violated(`${requestId} was answered before its event was durable`)
  } else if (status === 500) world.violated(`${server.process.name} answers ${body}`)
}

/** Nothing changes any more for a caller who is known to have closed the connection. */
function checkCaller({ status, requestId }: Answer, closedAt: number, world: World): void {
  const askedAt = world.host.database.askedAt.get(requestId) ?? 0
  if (status === 200 && askedAt > closedAt) world.violated(`${requestId} was done for a caller who had given up`)
}

/** Whether the call may have been done although its client got no answer of it. */
function isUncertain(answer: Answer | null): boolean {
  return answer === null || answer.status === 503 || JSON.parse(answer.body).Code === 'SignatureNonceUsed'
}

function answerOf(op: Op, { status, body }: Answer, cast: Cast): string {
  const reply = JSON.parse(body)
  if (status !== 200) return reply.Code
  switch (op.do) {
    case 'DescribeKey': {
      const { KeyId, KeyState, Description } = reply.KeyMetadata
      return `OK ${cast.keys.indexOf(KeyId)} ${KeyState} ${Description}`
    }
    case 'ListAliases': {
      const found: { AliasName: string; KeyId: string }[] = reply.Aliases.Alias
      const keyOf = (name: string) => found.find(({ AliasName }) => AliasName === name)?.KeyId
      const keys = ALIASES.map((name) => cast.keys.indexOf(keyOf(name) ?? ''))
      return `OK ${listed(keys.map((key) => (key < 0 ? null : key)))}`
    }
    case 'Encrypt':
      return `OK ${cast.keys.indexOf(reply.KeyId)}`
    case 'Decrypt':
      return `OK ${Buffer.from(reply.Plaintext, 'base64')}`
    case 'GetSecretValue':
      return `OK ${reply.SecretData}`
    default:
      return 'OK'
  }
}

function parametersOf(op: Exclude<Op, { do: 'operator' }>, cast: Cast, text: string): Record<string, string> {
  const id = (key: number) => cast.keys[key] ?? ''
  const alias = (number: number) => ALIASES[number] ?? ''
  const KeyId = 'by' in op ? ('key' in op.by ? id(op.by.key) : alias(op.by.alias)) : 'key' in op ? id(op.key) : ''
  const policy = { PolicyType: 'Custom', PolicyName: POLICY }
  switch (op.do) {
    case 'Encrypt':
      return { KeyId, Plaintext: Buffer.from(text).toString('base64') }
    case 'Decrypt':
      return { CiphertextBlob: op.blob }
    case 'UpdateKeyDescription':
      return { KeyId, Description: op.text }
    case 'CreateAlias':
    case 'UpdateAlias':
      return { KeyId, AliasName: alias(op.alias) }
    case 'DeleteAlias':
      return { AliasName: alias(op.alias) }
    case 'UpdateAccessKey':
      return {
        UserName: USER,
        UserAccessKeyId: cast.credentials.user.accessKeyId,
        Status: op.active ? 'Active' : 'Inactive',
      }
    case 'AttachPolicyToUser':
    case 'DetachPolicyFromUser':
      return { ...policy, UserName: USER }
    case 'AddUserToGroup':
    case 'RemoveUserFromGroup':
      return { UserName: USER, GroupName: GROUP }
    case 'SetDefaultPolicyVersion':
      return { PolicyName: POLICY, VersionId: op.allows ? 'v1' : 'v2' }
    case 'ListAliases':
      return {}
    case 'GetSecretValue':
      return { SecretName: SECRET, VersionStage: op.stage }
    case 'PutSecretValue':
      return { SecretName: SECRET, VersionId: op.text, SecretData: op.text }
    case 'UpdateSecretVersionStage':
      return { SecretName: SECRET, VersionStage: 'ACSCurrent', MoveToVersion: op.text }
    case 'DeleteSecret':
    case 'RestoreSecret':
      return { SecretName: SECRET }
    default:
      return { KeyId }
  }
}
