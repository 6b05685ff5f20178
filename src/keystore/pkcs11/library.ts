// Loads the PKCS #11 library of a device, in the library's own process.
import type * as Pkcs11js from 'pkcs11js'
import { Away, returnValueOf, SetupFault } from './faults.ts'
import type { Opening } from './protocol.ts'
import type { Constants } from './templates.ts'

/** An initialized library, and the constants of PKCS #11. */
export interface Library {
  readonly constants: Constants
  readonly lib: Pkcs11js.PKCS11
}

/** Loads and initializes the library. Throws SetupFault, and Away when the library does not reach its device yet. */
export async function loadLibrary({ module, parameters }: Pick<Opening, 'module' | 'parameters'>): Promise<Library> {
  const constants = await import('pkcs11js').then(
    (addOn) => addOn.default as unknown as Constants,
    () => {
      throw new SetupFault(
        'the add-on `pkcs11js`, through which an HSM is reached, is not installed: install a C++ compiler, make and python3, and run `npm rebuild pkcs11js`',
      )
    },
  )
  const lib = new constants.PKCS11()
  try {
    lib.load(module)
  } catch (error) {
    throw new SetupFault(`the PKCS #11 library \`${module}\` can't be loaded: ${(error as Error).message}`)
  }
  try {
    const flags = constants.CKF_OS_LOCKING_OK
    // The add-on cuts off the last character of the parameters, so a blank is appended.
    lib.C_Initialize(parameters === null ? { flags } : { flags, libraryParameters: `${parameters} ` })
  } catch (error) {
    if (returnValueOf(error) !== 'CKR_CRYPTOKI_ALREADY_INITIALIZED')
      throw new Away(
        `the PKCS #11 library \`${module}\` can't be initialized: ${(error as Error).message}; check hsm-parameters and the library's own configuration`,
      )
  }
  return { constants, lib }
}
