// Tests whether a device refuses texts with wrong PKCS #1 v1.5 padding. Many devices return random bytes of a random length instead (implicit
// rejection). A CMK would then get material that nobody knows, and refuse its owner's material for ever.
import { constants, type KeyObject, publicEncrypt, randomBytes } from 'node:crypto'
import type { Cryptoki } from './cryptoki.ts'
import { faultOf } from './faults.ts'
import type { Handle, SessionHolder } from './session.ts'

const MODULUS_BYTES = 256
const KEY_BYTES = 32
/** The position of the zero byte that ends the padding. */
const SEPARATOR = MODULUS_BYTES - KEY_BYTES - 1

/**
 * Invalid blocks, each as a changed byte of a valid block (RFC 8017 section 7.2.1): a wrong first byte, two wrong block types, less than eight bytes
 * of padding, no end of the padding.
 */
const WRONG = [
  { at: 0, value: 1 },
  { at: 1, value: 0 },
  { at: 1, value: 1 },
  { at: 5, value: 0 },
  { at: SEPARATOR, value: 1 },
] as const
/** Several rounds: a device may limit the length of a key, and the random length of an implicit rejection is only sometimes within the limit. */
const ROUNDS = 8

/** Tests a device's CKM_RSA_PKCS with a pair. Returns what is wrong; null when nothing is. Throws when the device can't unwrap at present. */
export async function faultOfPadding(
  cryptoki: Cryptoki,
  at: SessionHolder,
  privateKey: Handle,
  publicKey: KeyObject,
): Promise<string | null> {
  const wrapping = { key: privateKey, algorithm: 'RSAES_PKCS1_V1_5' } as const
  /** null when the device unwraps a block, whatever its length; otherwise the library's error. */
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
    // Any error for an invalid block counts as a refusal, as long as the library unwraps valid ones.
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
