// Reads the objects of a token one by one, with pauses, so that thousands of objects do not block the other work of the library's process.
import { setImmediate as otherWork } from 'node:timers/promises'
import type { Cryptoki } from './cryptoki.ts'
import { describeFault, faultOf, Late, Refused, returnValueOf } from './faults.ts'
import type { Access } from './login.ts'
import { monotonicMs, type ObjectReport } from './protocol.ts'
import type { Handle, ObjectClass } from './session.ts'

/** How long it reads before a pause, in milliseconds. */
const STRETCH_MS = 10

/** Yields every object of a class with its description. Throws Late at `expiresAt`. */
export async function* objectsOf(
  cryptoki: Cryptoki,
  access: Access,
  what: ObjectClass,
  expiresAt: number,
): AsyncGenerator<ObjectReport & { readonly object: Handle }> {
  const all = cryptoki.find(access, what, null)
  let since = performance.now()
  for (const object of all) {
    if (performance.now() - since > STRETCH_MS) {
      await otherWork()
      if (monotonicMs() >= expiresAt) throw new Late()
      since = performance.now()
    }
    const report = described(cryptoki, access, object)
    if (report) yield { object, ...report }
  }
}

/** null when the object has been destroyed meanwhile. */
function described(cryptoki: Cryptoki, access: Access, object: Handle): ObjectReport | null {
  try {
    return cryptoki.describe(access, object)
  } catch (error) {
    if (returnValueOf(error) === 'CKR_OBJECT_HANDLE_INVALID') return null
    throw error
  }
}

/** Destroys an object. Throws Refused when the device serves but does not destroy it. */
export function destroyObject(cryptoki: Cryptoki, access: Access, object: Handle, id: string): void {
  try {
    cryptoki.destroy(access, object)
  } catch (error) {
    if (faultOf(error) === 'device' || faultOf(error) === null) throw error
    cryptoki.random(access, 8)
    throw new Refused(`the device does not destroy the object with CKA_ID ${id}: ${describeFault(error)}`)
  }
}
