import { refuse } from '../../api/errors.ts'
import { insert } from '../../ledger/record.ts'
import { inTurnOf } from '../heavy-work.ts'
import { deviceByName, MFA_DEVICE, serialNumber } from '../mfa-device.ts'
import { qrCode, SEED_BYTES, seedText } from '../one-time-code.ts'
import { operation } from '../operation.ts'
import { deviceName } from '../parameters.ts'
import { ramScope } from '../records.ts'

export const CreateVirtualMFADevice = operation({
  name: 'CreateVirtualMFADevice',
  summary:
    'Creates a virtual MFA device. Only this reply shows its seed, as text and as a QR code for authenticator apps.',
  parameters: { VirtualMFADeviceName: deviceName },
  access: 'Write',
  trail: { show: ['VirtualMFADeviceName'], reply: ['VirtualMFADevice.SerialNumber'] },
  selfService: 'MFA devices',
  quotaRefusal: 'LimitExceeded.VirtualMFADevice',
  refusals: ['EntityAlreadyExists.VirtualMFADevice', 'LimitExceeded.VirtualMFADevice'],
  async locate({ VirtualMFADeviceName }, { caller }) {
    return [{ type: '', name: VirtualMFADeviceName, arn: `acs:ram:*:${caller.accountId}:mfa/*` }]
  },
  async decide({ VirtualMFADeviceName }, context) {
    if (await deviceByName(VirtualMFADeviceName, context)) throw refuse('EntityAlreadyExists.VirtualMFADevice')
    const { now, quotas, caller, mfaSeeds } = context
    const place = { ...ramScope(caller.accountId), id: VirtualMFADeviceName.toLowerCase() }
    const seed = context.randomBytes(SEED_BYTES)
    const sealedSeed = mfaSeeds.seal(place, seed)
    const body = { deviceName: VirtualMFADeviceName, sealedSeed, bound: null, lastStep: 0 }
    const device = insert(MFA_DEVICE, { ...place, createdAt: now, body }, quotas['max-mfa-devices'])
    return {
      reply: {
        VirtualMFADevice: {
          SerialNumber: serialNumber(device.after),
          Base32StringSeed: seedText(seed),
          QRCodePNG: await inTurnOf(context)(() => qrCode(seed, `${VirtualMFADeviceName}@${caller.accountId}`)),
        },
      },
      changes: [device],
      created: [{ type: 'ACS::RAM::VirtualMFADevice', name: VirtualMFADeviceName, arn: '' }],
    }
  },
})
