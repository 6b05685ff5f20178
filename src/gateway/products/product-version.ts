// One version of a product, with its operations by name.
import type { Product } from '../../api/product.ts'
import type { CallOperation, ProductVersion } from '../house.ts'

export function productVersion(
  product: Product,
  version: string,
  operations: readonly CallOperation[],
  others: ReadonlyMap<string, string> = new Map(),
): ProductVersion {
  return { product, version, operations: new Map(operations.map((operation) => [operation.name, operation])), others }
}
