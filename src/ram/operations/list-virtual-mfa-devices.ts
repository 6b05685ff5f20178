import type { Reply } from '../../api/operation.ts'
import { isoSeconds } from '../../api/time.ts'
import { MFA_DEVICE, serialNumber } from '../mfa-device.ts'
import { operation } from '../operation.ts'
import { ramScope, USER } from '../records.ts'

export const ListVirtualMFADevices = operation({
  name: 'ListVirtualMFADevices',
  summary: 'Lists the virtual MFA devices by name, and the users that they are bound to.',
  parameters: {},
  access: 'Read',
  trail: { show: [], reply: [] },
  refusals: [],
  async locate(_, { caller }) {
    return [{ type: '', name: '', arn: `acs:ram:*:${caller.accountId}:mfa/*` }]
  },
  async decide(_, { ledger, caller }) {
    const scope = ramScope(caller.accountId)
    const listed: Reply[] = []
    for await (const devices of ledger.byId(MFA_DEVICE, scope, ''))
      for (const device of devices) {
        const { bound } = device.body
        const user = bound && (await ledger.get(USER, scope, bound.userId))
        const { userName = '', displayName = '' } = user?.body ?? {}
        listed.push({
          SerialNumber: serialNumber(device),
          ...(bound && {
            ActivateDate: isoSeconds(bound.at),
            User: { UserId: bound.userId, UserName: userName, DisplayName: displayName },
          }),
        })
      }
    return { reply: { VirtualMFADevices: { VirtualMFADevice: listed } }, changes: [] }
  },
})
