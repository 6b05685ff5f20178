// What operations refuse with while tests run, held against what they declare.
import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Code } from '../src/api/errors/catalogue.ts'
import type { CallOperation } from '../src/gateway/house.ts'
import { products } from '../src/gateway/products.ts'

/** What any call can be refused with once its caller and its operation are known. */
const ANY: ReadonlySet<Code> = new Set([
  'MissingParameter',
  'InvalidParameter',
  'SignatureNonceUsed',
  'InternalFailure',
  'ServiceUnavailableTemporary',
  // The signing key of ACS4 is for another region than the call.
  'IncompleteSignature',
  // Its caller is looked up again when AccessKeys or root keys change under it.
  'InvalidAccessKeyId.NotFound',
  'Forbidden.AccessKey',
  'InvalidSecurityToken.Malformed',
  'InvalidSecurityToken.Expired',
  'Session.None',
])
/** What a call with the parameter DryRun can be refused with, beside. */
const DRY: ReadonlySet<Code> = new Set(['DryRunOperationError', 'ValidationError', 'AccessDeniedError'])

type Declared = Pick<CallOperation, 'name' | 'product' | 'refusals' | 'quotaRefusal' | 'parameters' | 'action'>

/** Whether the operation may be refused so: as it declares, or as any call may. */
function mayRefuse(operation: Declared, code: Code): boolean {
  const { refusals, quotaRefusal, parameters, product, action } = operation
  if (refusals.includes(code) || code === quotaRefusal || ANY.has(code)) return true
  // The rule of a parameter, which the code names.
  if (code.includes('{name}')) return true
  if (code === product.throttled().entry) return true
  if (DRY.has(code)) return parameters['DryRun'] !== undefined
  return action !== null && (code === 'Forbidden.NoPermission' || code === 'NoPermission')
}

/** The refusals of one house. */
export class Refusals {
  /** Those that an operation neither declares nor any call can meet. */
  readonly undeclared: string[] = []
  readonly #met = new Set<string>()

  note(operation: object, outcome: 'OK' | Code): void {
    // A call that leads to no operation has no declaration.
    if (outcome === 'OK' || !('refusals' in operation)) return
    const declared = operation as Declared
    const met = `${declared.product.name} ${declared.name} ${outcome}`
    if (this.#met.has(met)) return
    this.#met.add(met)
    if (!mayRefuse(declared, outcome)) this.undeclared.push(met)
  }

  /** Throws what is undeclared, once. */
  check(): void {
    const undeclared = this.undeclared.splice(0)
    if (undeclared.length > 0) throw new Error(`refused with what it does not declare: ${undeclared.join(', ')}`)
  }

  /** Leaves what was met for `neverMet`, in a run that asks for it. */
  keep(): void {
    const folder = process.env['STRONGROOM_TEST_REFUSALS']
    if (folder) appendFileSync(join(folder, String(process.pid)), [...this.#met, ''].join('\n'))
  }
}

/** Declared refusals that no test has met, of all that were kept in the folder. */
export function neverMet(folder: string): readonly string[] {
  const met = new Set(readdirSync(folder).flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n')))
  const declared = products.flatMap(({ operations }) =>
    [...operations.values()].flatMap(({ product, name, refusals, quotaRefusal }) =>
      [...refusals, ...(quotaRefusal ? [quotaRefusal] : [])].map((code) => `${product.name} ${name} ${code}`),
    ),
  )
  return [...new Set(declared)].filter((one) => !met.has(one))
}
