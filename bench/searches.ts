// First pages of searches and filters over many keys.
import type { Measured } from './load.ts'

export type Parameters = Readonly<Record<string, string>>

interface Report {
  readonly load: (parameters: readonly Parameters[], requests: number) => Promise<Measured & { readonly cpuUs: number }>
  readonly row: (name: string, figures: string, budget?: string) => void
}

const filters = (filters: Readonly<Record<string, string>>): Parameters => ({
  Action: 'ListKeys',
  PageSize: '20',
  Filters: JSON.stringify(Object.entries(filters).map(([Key, value]) => ({ Key, Values: [value] }))),
})

const CASES: readonly (readonly [string, Parameters])[] = [
  ['by state', filters({ KeyState: 'Enabled' })],
  ['by what no key has', filters({ Origin: 'EXTERNAL', ProtectionLevel: 'HSM' })],
  ['by a tag that all keys have', filters({ TagKey: 'Project', TagValue: 'Apollo' })],
  ['by a tag that one key in 50 has', filters({ TagKey: 'Owner', TagValue: 'team-7' })],
  ['by a word of all descriptions', filters({ Search: 'ORDERS' })],
  ['by the number of one key', filters({ Search: 'key 4321 of' })],
  ['by a part of an alias', filters({ Search: 'orders-77' })],
  ['by what nothing has', filters({ Search: 'no such words' })],
  [
    'by all together',
    filters({
      KeyState: 'Enabled',
      Origin: 'Aliyun_KMS',
      ProtectionLevel: 'SOFTWARE',
      TagKey: 'Owner',
      TagValue: 'team-7',
      Search: 'department 7',
    }),
  ],
  [
    'ListTagResources by a tag',
    {
      Action: 'ListTagResources',
      RegionId: 'cn-hangzhou',
      ResourceType: 'key',
      'Tag.1.Key': 'Owner',
      'Tag.1.Value': 'team-7',
    },
  ],
]

/** Reports the first page of each search. */
export async function searches({ load, row }: Report): Promise<void> {
  for (const [name, parameters] of CASES) {
    const { medianMs, p99Ms, cpuUs } = await load([parameters], 400)
    const times = `median ${medianMs.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, CPU ${(cpuUs / 1000).toFixed(1)} ms`
    row(name, times, 'budget ≤ 50 ms')
  }
}
