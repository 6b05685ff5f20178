// Operations of IMS have the context of RAM's operations.
import { type Declaration, operationsOf } from '../api/operation.ts'
import type { Parameters } from '../api/parameters.ts'
import { IMS } from '../api/product.ts'
import type { Change } from '../ledger/record.ts'
import type { RamContext } from '../ram/operation.ts'

const declared = operationsOf<RamContext, Change>(IMS)

/** Declares an operation. Policies name its action with the prefix `ram:`, or in older policies `ims:`; both count. */
export function operation<P extends Parameters>(declaration: Declaration<RamContext, Change, P>) {
  const { name, otherActions = [] } = declaration
  return declared({ ...declaration, otherActions: [`ram:${name}`, ...otherActions] })
}
