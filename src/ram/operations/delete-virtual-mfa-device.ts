import { refuse } from '../../api/errors.ts'
import { remove } from '../../ledger/record.ts'
import { deviceResource, findDevice, MFA_DEVICE } from '../mfa-device.ts'
import { operation } from '../operation.ts'
import { serialNumberText } from '../parameters.ts'

export const DeleteVirtualMFADevice = operation({
  name: 'DeleteVirtualMFADevice',
  summary: 'Deletes a virtual MFA device that is bound to no user.',
  parameters: { SerialNumber: serialNumberText },
  access: 'Write',
  trail: { show: ['SerialNumber'], reply: ['RequestId'] },
  selfService: 'MFA devices',
  refusals: ['EntityNotExist.VirtualMFADevice', 'DeleteConflict.VirtualMFADevice.User'],
  async locate({ SerialNumber }, context) {
    return [await deviceResource(SerialNumber, context)]
  },
  async decide({ SerialNumber }, context) {
    const device = await findDevice(SerialNumber, context)
    if (device.body.bound) throw refuse('DeleteConflict.VirtualMFADevice.User')
    return { reply: {}, changes: [remove(MFA_DEVICE, device, true)] }
  },
})
