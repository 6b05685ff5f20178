import { refuse } from '../../api/errors.ts'
import { update } from '../../ledger/record.ts'
import { findUser } from '../find.ts'
import { deviceOf, deviceResource, findDevice } from '../mfa-device.ts'
import { stepOfConsecutive } from '../one-time-code.ts'
import { operation } from '../operation.ts'
import { authenticationCode, serialNumberText, userName } from '../parameters.ts'
import { locateUser } from '../resources.ts'

export const BindMFADevice = operation({
  name: 'BindMFADevice',
  summary: 'Binds a virtual MFA device to a user. Two consecutive codes of the device prove that it has the seed.',
  parameters: {
    UserName: userName,
    SerialNumber: serialNumberText,
    AuthenticationCode1: authenticationCode,
    AuthenticationCode2: authenticationCode,
  },
  access: 'Write',
  trail: { show: ['UserName', 'SerialNumber'], reply: ['RequestId'] },
  selfService: 'MFA devices',
  refusals: [
    'EntityNotExist.User',
    'EntityNotExist.VirtualMFADevice',
    'EntityAlreadyExists.User.MFADevice',
    'EntityAlreadyExists.VirtualMFADevice.User',
    'InvalidParameter.AuthenticationCode.Format',
    'CheckAuthenticationCodeFail',
  ],
  locate: [
    locateUser,
    // Policies decide on the user.
    async ({ SerialNumber }, context) => [{ ...(await deviceResource(SerialNumber, context)), onlyNamed: true }],
  ],
  async decide({ UserName, SerialNumber, AuthenticationCode1, AuthenticationCode2 }, context) {
    const { now, mfaSeeds } = context
    const user = await findUser(UserName, context)
    const device = await findDevice(SerialNumber, context)
    if (await deviceOf(user, context)) throw refuse('EntityAlreadyExists.User.MFADevice')
    if (device.body.bound) throw refuse('EntityAlreadyExists.VirtualMFADevice.User')
    const lastStep = stepOfConsecutive(mfaSeeds.open(device), AuthenticationCode1, AuthenticationCode2, now)
    if (lastStep === null || lastStep <= device.body.lastStep) throw refuse('CheckAuthenticationCodeFail')
    const bound = { userId: user.id, at: now }
    return {
      reply: {},
      changes: [
        update(device, { body: { ...device.body, bound, lastStep } }),
        update(user, { body: { ...user.body, mfaDevice: device.id } }),
      ],
    }
  },
})
