import { findUser } from '../find.ts'
import { findDeviceOf, serialNumber } from '../mfa-device.ts'
import { operation } from '../operation.ts'
import { userName } from '../parameters.ts'
import { locateUser } from '../resources.ts'

export const GetUserMFAInfo = operation({
  name: 'GetUserMFAInfo',
  summary: 'Returns the MFA device of a user.',
  parameters: { UserName: userName },
  access: 'Read',
  trail: { show: ['UserName'], reply: [] },
  selfService: 'MFA devices',
  refusals: ['EntityNotExist.User', 'EntityNotExist.User.MFADevice'],
  locate: locateUser,
  async decide({ UserName }, context) {
    const device = await findDeviceOf(await findUser(UserName, context), context)
    return { reply: { MFADevice: { SerialNumber: serialNumber(device), Type: 'VMFA' } }, changes: [] }
  },
})
