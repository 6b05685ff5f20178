import { call, Refusal } from '../../service/call.ts'

export interface Device {
  readonly SerialNumber: string
  readonly Base32StringSeed: string
  readonly QRCodePNG: string
}

/**
 * Creates a device under the name of the user, the only one that users may create without a policy. An unbound device with this name was
 * left behind by a dialog, and nobody can see its seed again, so it is replaced.
 */
export async function createDevice(userName: string, accountId: string, region: string): Promise<Device> {
  const create = async (VirtualMFADeviceName: string) =>
    (await call<{ VirtualMFADevice: Device }>('Ram', 'CreateVirtualMFADevice', region, { VirtualMFADeviceName }))
      .VirtualMFADevice
  // Names of devices contain no underscores.
  const own = userName.replaceAll('_', '-')
  const created = await unless('EntityAlreadyExists.VirtualMFADevice', create(own))
  if (created) return created
  const removed = await unless(
    'DeleteConflict.VirtualMFADevice.User',
    call('Ram', 'DeleteVirtualMFADevice', region, { SerialNumber: `acs:ram::${accountId}:mfa/${own}` }),
  )
  return create(removed ? own : `${own.slice(0, 40)}-${Date.now().toString(36)}`)
}

/** The result; undefined if the service refuses with this code. */
async function unless<T>(code: string, result: Promise<T>): Promise<T | undefined> {
  try {
    return await result
  } catch (error) {
    if (error instanceof Refusal && error.code === code) return undefined
    throw error
  }
}
