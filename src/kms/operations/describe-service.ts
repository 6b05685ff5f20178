import { isInCloud, isInFips, KEY_SPEC_NAMES, livesIn, usagesOf } from '../../keystore/key-spec.ts'
import { operation } from '../operation.ts'

const SOFTWARE = ['SOFTWARE'] as const
const BOTH = ['SOFTWARE', 'HSM'] as const

export const DescribeService = operation({
  name: 'DescribeService',
  summary: 'Lists the protection levels and the key specs that CreateKey offers in the region.',
  parameters: {},
  access: 'Read',
  trail: { show: [], reply: [] },
  refusals: [],
  locate: [],
  async decide(_, { scope, settings }) {
    const here = settings.hsmRegions.includes(scope.region) ? BOTH : SOFTWARE
    const KeySpec = KEY_SPEC_NAMES.flatMap((Name) => {
      const SupportedProtectionLevel = here.filter(
        (level) =>
          livesIn(Name, level) &&
          (!settings.strictCloud || isInCloud(Name, level)) &&
          (!settings.fips || isInFips(Name, level)),
      )
      if (SupportedProtectionLevel.length === 0) return []
      return [{ Name, SupportedProtectionLevels: { SupportedProtectionLevel }, Usages: { Usage: usagesOf(Name) } }]
    })
    const ProtectionLevel = here.map((Type) => ({ Type }))
    return { reply: { ProtectionLevels: { ProtectionLevel }, KeySpecs: { KeySpec } }, changes: [] }
  },
})
