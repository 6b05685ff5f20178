import { locateAnyResource } from '../../api/locate.ts'
import { operation } from '../operation.ts'

export const InspectHsm = operation({
  name: 'InspectHsm',
  summary:
    'Returns the tokens of the HSM that this server uses: the state, the device and the abilities of each. Not in the cloud.',
  parameters: {},
  access: 'Read',
  trail: { show: [], reply: [] },
  refusals: [],
  locate: locateAnyResource,
  async decide(_, { settings, hsmTokens }) {
    const tokens = await hsmTokens()
    const reply = {
      Regions: { Region: settings.hsmRegions },
      Tokens: {
        Token: tokens.map(({ token, state, reason, abilities, ...is }) => ({
          Name: token,
          State: state,
          Reason: reason,
          Label: is.label,
          Manufacturer: is.manufacturer,
          Model: is.model,
          SerialNumber: is.serial,
          Firmware: is.firmware,
          Abilities: {
            Ability: Object.entries(abilities).map(([Name, lack]) => ({
              Name,
              Supported: lack === null,
              ...(lack !== null && { Reason: lack }),
            })),
          },
        })),
      },
    }
    return { reply, changes: [] }
  },
})
