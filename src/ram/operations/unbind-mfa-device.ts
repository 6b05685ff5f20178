import { update } from '../../ledger/record.ts'
import { findUser, userByName } from '../find.ts'
import { deviceOf, deviceResource, findDeviceOf, serialNumber } from '../mfa-device.ts'
import { operation } from '../operation.ts'
import { userName } from '../parameters.ts'
import { locateUser } from '../resources.ts'

export const UnbindMFADevice = operation({
  name: 'UnbindMFADevice',
  summary: 'Unbinds the virtual MFA device of a user. The device remains.',
  parameters: { UserName: userName },
  access: 'Write',
  trail: { show: ['UserName'], reply: ['MFADevice'] },
  selfService: 'MFA devices',
  refusals: ['EntityNotExist.User', 'EntityNotExist.User.MFADevice'],
  locate: [
    locateUser,
    // Policies decide on the user.
    async ({ UserName }, context) => {
      const user = await userByName(UserName, context)
      const device = user && (await deviceOf(user, context))
      return device ? [{ ...(await deviceResource(serialNumber(device), context)), onlyNamed: true }] : []
    },
  ],
  async decide({ UserName }, context) {
    const user = await findUser(UserName, context)
    const device = await findDeviceOf(user, context)
    const { mfaDevice: _, ...body } = user.body
    return {
      reply: { MFADevice: { SerialNumber: serialNumber(device) } },
      changes: [update(user, { body }), update(device, { body: { ...device.body, bound: null } })],
    }
  },
})
