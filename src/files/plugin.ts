// age's plugin: wraps and unwraps file keys for stock age, in the stanzas of `strongroom encrypt` (https://c2sp.org/age-plugin).
// Tests: test/files/plugin.test.ts, with the real age.
import { AgeFault, type Stanza } from '../cryptography/age-header.ts'
import { type Address, decodeIdentity, decodeRecipient } from './address.ts'
import { demandContext, isUnknown } from './envelope.ts'
import type { Talk } from './plugin-talk.ts'
import type { DataKeys } from './service.ts'
import { type OwnStanza, readStanza, TYPE } from './stanza.ts'

/** Returns the service at an endpoint, or at the endpoint of the environment with null. Rejects where it can't be called. */
type DataKeysAt = (endpoint: string | null) => Promise<DataKeys>

/** A fault in age's input. `place` are the arguments of the command `error`. */
interface Fault {
  readonly place: readonly string[]
  readonly why: string
}

/** A recipient or identity from age, with its index among its kind. `address` is null where it is malformed. */
interface Given {
  readonly place: readonly string[]
  readonly address: Address | null
}

/** Runs a state machine of the plugin protocol; returns false for an unknown one. Rejects when age ends the conversation early. */
export async function runPlugin(machine: string, talk: Talk, keysAt: DataKeysAt): Promise<boolean> {
  if (machine === 'recipient-v1') await wrap(talk, keysAt)
  else if (machine === 'identity-v1') await unwrap(talk, keysAt)
  else return false
  return true
}

async function wrap(talk: Talk, keysAt: DataKeysAt): Promise<void> {
  const [recipients, identities, fileKeys]: [Given[], Given[], Uint8Array[]] = [[], [], []]
  for await (const { args, body } of talk.phase()) {
    const [command, text = ''] = args
    if (command === 'add-recipient') recipients.push(given('recipient', recipients, decodeRecipient(text)))
    if (command === 'add-identity') identities.push(given('identity', identities, decodeIdentity(text)))
    if (command === 'wrap-file-key') fileKeys.push(body)
  }
  const all = [...recipients, ...identities]
  const faults = malformed(all)
  const stanzas: Stanza[] = []
  if (faults.length === 0)
    for (const one of all)
      for (const [i, fileKey] of fileKeys.entries()) {
        const wrapped = await wrappedFor(fileKey, one, keysAt)
        if ('why' in wrapped) faults.push(wrapped)
        else stanzas.push({ args: ['recipient-stanza', String(i), ...wrapped.args], body: wrapped.body })
      }
  if (faults.length === 0) for (const stanza of stanzas) await talk.command(stanza)
  await talk.end(faults)
}

function given(kind: string, former: readonly Given[], address: Address | null): Given {
  return { place: [kind, String(former.length)], address }
}

function malformed(all: readonly Given[]): Fault[] {
  return all.flatMap(({ place, address }) =>
    address ? [] : [{ place, why: `the ${place[0]} is malformed, or of a later version of Strongroom` }],
  )
}

async function wrappedFor(fileKey: Uint8Array, { place, address }: Given, keysAt: DataKeysAt): Promise<Stanza | Fault> {
  if (!address?.key)
    return { place, why: 'it names no key: make a recipient that does by `strongroom age recipient --key KEY`' }
  const { key, region, context, endpoint } = address
  try {
    return await (await keysAt(endpoint)).wrap(fileKey, { key, region, context })
  } catch (error) {
    return { place, why: (error as Error).message }
  }
}

async function unwrap(talk: Talk, keysAt: DataKeysAt): Promise<void> {
  const identities: Given[] = []
  const files = new Map<string, Stanza[]>()
  for await (const { args, body } of talk.phase()) {
    const [command, first = '', ...rest] = args
    if (command === 'add-identity') identities.push(given('identity', identities, decodeIdentity(first)))
    if (command === 'recipient-stanza') files.set(first, [...(files.get(first) ?? []), { args: rest, body }])
  }
  const faults = malformed(identities)
  if (faults.length === 0)
    for (const [file, stanzas] of files) faults.push(...(await unwrapFile(file, stanzas, { identities, talk, keysAt })))
  await talk.end(faults)
}

interface Unwrapping {
  readonly identities: readonly Given[]
  readonly talk: Talk
  readonly keysAt: DataKeysAt
}

/** Sends age the file key of a file if an identity opens one of its stanzas. Otherwise returns the faults. */
async function unwrapFile(file: string, stanzas: readonly Stanza[], work: Unwrapping): Promise<readonly Fault[]> {
  const own: [place: readonly string[], stanza: OwnStanza][] = []
  for (const [i, stanza] of stanzas.entries()) {
    if (stanza.args[0] !== TYPE) continue
    const place = ['stanza', file, String(i)]
    try {
      const read = readStanza(stanza)
      if (read) own.push([place, read])
    } catch (error) {
      return [{ place, why: (error as Error).message }]
    }
  }
  const faults: Fault[] = []
  for (const [place, stanza] of own)
    for (const { address } of work.identities) {
      if (!address) continue
      try {
        demandContext(stanza.context, address.context)
        const body = await (await work.keysAt(address.endpoint)).unwrap(stanza, address.region)
        await work.talk.command({ args: ['file-key', file], body })
        return []
      } catch (error) {
        const why = (error as Error).message
        // Another identity may open the file, so a key that this server does not have, or a context that does not match, is only a message.
        if (isUnknown(error) || error instanceof AgeFault) await work.talk.tell(why)
        else faults.push({ place, why })
      }
    }
  return faults
}
