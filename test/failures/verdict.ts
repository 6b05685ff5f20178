// What must be true after a failure: everything acknowledged is there, each acknowledged call has one event, and the trail is whole.
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { call, temporaryFolder } from '../acceptance/program.ts'
import type { Callers, Known } from './callers.ts'
import { ACCOUNT, type Deployment, type Server } from './deployment.ts'

/** What is wrong, each in a line; empty when all is well. */
export async function wrongs(rig: Deployment, callers: Callers, since: number): Promise<readonly string[]> {
  const [server] = rig.servers
  if (!server) throw new Error('no servers')
  return [
    ...callers.contradictions,
    ...callers.unexpected.map(({ action, code }) => `a client of ${action} saw ${code}`),
    ...(await wrongKeys(rig, callers.keys)),
    ...(await wrongEvents(server, callers.acknowledged, since)),
    ...(await wrongTrail(server)),
  ]
}

async function wrongKeys({ servers }: Deployment, keys: readonly Known[]): Promise<readonly string[]> {
  const found: string[] = []
  for (const [i, { keyId, alias, description, tag }] of keys.entries()) {
    // Each server has to know of each change.
    const endpoint = servers[i % servers.length]?.endpoint ?? ''
    const ask = (action: string, parameters: Record<string, string>) =>
      call(endpoint, ACCOUNT, action, parameters, Date.now())
    const described = (await ask('DescribeKey', { KeyId: alias })).body
    const tags = (await ask('ListResourceTags', { KeyId: keyId })).body
    const shown = [
      described.KeyMetadata?.KeyId,
      described.KeyMetadata?.Description,
      tags.Tags?.Tag?.[0]?.TagValue ?? '',
    ]
    const known = [keyId, description, tag]
    if (shown.join() !== known.join())
      found.push(
        `${alias} shows ${shown.join()} where ${known.join()} was acknowledged: ${JSON.stringify([described, tags])}`,
      )
  }
  return found
}

/** `since`: milliseconds since 1970. */
async function wrongEvents(
  server: Server,
  acknowledged: ReadonlyMap<string, string>,
  since: number,
): Promise<readonly string[]> {
  const output = join(temporaryFolder(), 'export.jsonl')
  const from = new Date(since).toISOString().replace(/\.\d+/, '')
  const exported = await server.verb('audit', 'export', '--from', from, '--output', output)
  if (exported.code !== 0) return [`audit export: ${exported.err}`]
  const counts = new Map<string, number>()
  for await (const line of createInterface(createReadStream(output))) {
    const { event } = JSON.parse(line) as { event?: { requestId: string; eventName: string } }
    if (event && acknowledged.get(event.requestId) === event.eventName)
      counts.set(event.requestId, (counts.get(event.requestId) ?? 0) + 1)
  }
  return [...acknowledged]
    .filter(([requestId]) => counts.get(requestId) !== 1)
    .map(
      ([requestId, action]) => `${action} ${requestId} was acknowledged and has ${counts.get(requestId) ?? 0} events`,
    )
}

async function wrongTrail(server: Server): Promise<readonly string[]> {
  const { code, out, err } = await server.verb('audit', 'verify')
  return code === 0 ? [] : [`audit verify: ${out}${err}`]
}
