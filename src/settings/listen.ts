// The addresses of `listen`: HOST:PORT, or REGION=HOST:PORT for a port whose calls belong to that region unless they say another.
import type { Address } from '../gateway/server.ts'
import { UsageError } from './usage-error.ts'

type ReadAddress = (name: string, text: string) => { readonly host: string; readonly port: number }

/** The addresses, in the order given. Throws UsageError. */
export function listenAddresses(value: string, regions: readonly string[], read: ReadAddress): readonly Address[] {
  return value.split(',').map((item) => {
    const [, region = null, text = ''] = /^\s*(?:([^=]*)=)?(.*?)\s*$/s.exec(item) ?? []
    if (region !== null && !regions.includes(region))
      throw new UsageError(`\`listen\` names the region \`${region}\`, which is not among those of \`region\``)
    return { ...read('listen', text), region }
  })
}

/** Where calls of a region go without naming it: the first address of each. */
export function endpointsByRegion(
  addresses: readonly Address[],
  endpoints: readonly string[],
  defaultRegion: string,
): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [i, { region }] of addresses.entries()) found[region ?? defaultRegion] ??= endpoints[i] ?? ''
  return found
}
