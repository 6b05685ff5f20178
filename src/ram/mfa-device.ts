// Virtual MFA devices: their records and sealed seeds. A user's record names the device that is bound to the user.
import { refuse } from '../api/errors.ts'
import type { Resource } from '../api/operation.ts'
import { NONCE_BYTES } from '../cryptography/xaes.ts'
import type { RootKeys } from '../keystore/root-keys.ts'
import type { Kind, Recorded } from '../ledger/record.ts'
import type { Randomness } from '../runtime/runtime.ts'
import type { Reads } from './find.ts'
import { ramScope, type User } from './records.ts'

/** A device; its record's id is its name in lower case. */
interface MfaDeviceBody {
  readonly deviceName: string
  /** Base64 of the sealed seed. */
  readonly sealedSeed: string
  /** The user to whom it is bound, and the time of the binding; null while it is not bound. */
  readonly bound: { readonly userId: string; readonly at: number } | null
  /** The time step of the last accepted code. Codes of this step and of earlier ones are refused, so each code works once. */
  readonly lastStep: number
}

export type MfaDevice = Recorded<MfaDeviceBody>
export const MFA_DEVICE: Kind<MfaDeviceBody> = { name: 'ram-mfa-device', counted: true }

function seedPlace({ account, id }: Pick<MfaDevice, 'account' | 'id'>): readonly string[] {
  return ['mfa-seed', account, id]
}

/** Seals the seeds of devices under the root key, and opens them. */
export class MfaSeeds {
  readonly #keys: RootKeys
  readonly #random: Pick<Randomness, 'randomBytes'>

  constructor(keys: RootKeys, random: Pick<Randomness, 'randomBytes'>) {
    this.#keys = keys
    this.#random = random
  }

  /** The sealed seed for the record of a device; Base64. */
  seal(device: Pick<MfaDevice, 'account' | 'id'>, seed: Uint8Array): string {
    const nonce = this.#random.randomBytes(NONCE_BYTES)
    return this.#keys.seal(seedPlace(device), nonce, seed).toString('base64')
  }

  /** Throws when the seed was sealed under other root keys. */
  open(device: MfaDevice): Uint8Array {
    const seed = this.#keys.open(seedPlace(device), Buffer.from(device.body.sealedSeed, 'base64'))
    if (!seed) throw new Error(`the seed of MFA device ${device.id} does not open`)
    return seed
  }
}

/** The sealed value in a device's record. */
export const sealedMfaDevice = { kind: MFA_DEVICE, member: 'sealedSeed', placeOf: seedPlace } as const

export function serialNumber({ account, body }: MfaDevice): string {
  return `acs:ram::${account}:mfa/${body.deviceName}`
}

/** The name of the device that a user may create and delete without a policy. Names of devices contain no underscores. */
export function ownDeviceName({ body }: User): string {
  return body.userName.replaceAll('_', '-')
}

/** The device that is bound to the user, or null. */
export async function deviceOf({ body }: User, { ledger, caller }: Reads): Promise<MfaDevice | null> {
  return body.mfaDevice === undefined ? null : ledger.get(MFA_DEVICE, ramScope(caller.accountId), body.mfaDevice)
}

/** Refuses with EntityNotExist.User.MFADevice. */
export async function findDeviceOf(user: User, context: Reads): Promise<MfaDevice> {
  const device = await deviceOf(user, context)
  if (!device) throw refuse('EntityNotExist.User.MFADevice')
  return device
}

export async function deviceByName(name: string, { ledger, caller }: Reads): Promise<MfaDevice | null> {
  return ledger.get(MFA_DEVICE, ramScope(caller.accountId), name.toLowerCase())
}

/** The name in the SerialNumber of one of the account's devices; null for any other text. */
function nameIn(serial: string, { caller }: Reads): string | null {
  const prefix = `acs:ram::${caller.accountId}:mfa/`
  const name = serial.slice(prefix.length)
  return serial.startsWith(prefix) && /^[A-Za-z0-9.-]{1,64}$/.test(name) ? name : null
}

/** Refuses with EntityNotExist.VirtualMFADevice. */
export async function findDevice(serial: string, context: Reads): Promise<MfaDevice> {
  const name = nameIn(serial, context)
  const device = name === null ? null : await deviceByName(name, context)
  if (!device) throw refuse('EntityNotExist.VirtualMFADevice')
  return device
}

/**
 * The resource of the device that a SerialNumber names; the device need not exist. An existing device's name is spelled as it was created, so
 * that another spelling does not evade a Deny.
 */
export async function deviceResource(serial: string, context: Reads): Promise<Resource> {
  const named = nameIn(serial, context) ?? serial.slice(serial.lastIndexOf('/') + 1)
  const name = (await deviceByName(named, context))?.body.deviceName ?? named
  return { type: 'ACS::RAM::VirtualMFADevice', name, arn: `acs:ram:*:${context.caller.accountId}:mfa/${name}` }
}
