// Tests whether a device refuses wrongly padded texts of PKCS #1 v1.5. Many devices take random bytes of a random length for their content
// (implicit rejection). The CMK would then have material that nobody knows, and refuse its owner's for ever.
import { constants, type KeyObject, publicEncrypt, randomBytes } from 'node:crypto'
import type { Cryptoki } from './cryptoki.ts'
import { faultOf } from './faults.ts'
import type { Handle, SessionHolder } from './session.ts'

const MODULUS_BYTES = 256
const KEY_BYTES = 32
/** Where the zero stands that ends the padding. */
const SEPARATOR = MODULUS_BYTES - KEY_BYTES - 1

/**
 * What is wrong with a block, as a byte of a right one that has another value (RFC 8017 section 7.2.1): another first byte, another block
 * type, less than eight bytes of padding, no end of the padding.
 */
const WRONG = [
  { at: 0, value: 1 },
  { at: 1, value: 0 },
  { at: 1, value: 1 },
  { at: 5, value: 0 },
  { at: SEPARATOR, value: 1 },
] as const
/** A device may limit the length of a key; a random length is within the limit now and then only, so one test is not enough. */
const ROUNDS = 8

/** Returns what is wrong with a device's CKM_RSA_PKCS, tried out with a pair; null when nothing is. Throws when it does not unwrap now. */
export async function faultOfPadding(
  cryptoki: Cryptoki,
  at: SessionHolder,
  privateKey: Handle,
  publicKey: KeyObject,
): Promise<string | null> {
  const wrapping = { key: privateKey, algorithm: 'RSAES_PKCS1_V1_5' } as const
  /** null when the device unwraps a block, whatever its length, else what the library says. */
  const refusal = async (block: Uint8Array): Promise<unknown> => {
    const wrapped = publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, block)
    let key: Handle
    try {
      key = await cryptoki.unwrapAny(at, wrapping, wrapped)
    } catch (error) {
      if (faultOf(error) === null) throw error
      return error
    }
    cryptoki.destroy(at, key)
    return null
  }
  const unable = faultOf(await refusal(rightBlock()))
  if (unable === 'unsupported' || unable === 'data')
    return 'can not be asked whether it refuses wrongly padded texts with CKM_RSA_PKCS'
  for (let round = 0; round < ROUNDS; round++) {
    for (const { at, value } of WRONG) {
      const block = rightBlock()
      block[at] = value
      if ((await refusal(block)) === null) return 'takes wrongly padded texts for material with CKM_RSA_PKCS'
    }
    // Any error for a wrong text is a refusal, as long as the library unwraps right ones.
    const away = await refusal(rightBlock())
    if (away !== null) throw away
  }
  return null
}

/** 00 02, nonzero bytes, 00, and a key without a zero. */
function rightBlock(): Buffer {
  const block = randomBytes(MODULUS_BYTES).map((byte) => byte || 1)
  block.set([0, 2])
  block[SEPARATOR] = 0
  return Buffer.from(block)
}
