// Checks that the quotas file names only products and operations that are served. Otherwise a misspelt operation would have no limit.
import type { Quotas } from '../settings/quotas.ts'
import { UsageError } from '../settings/usage-error.ts'
import type { ProductVersion } from './house.ts'

/** Throws UsageError for a product or an operation that is not served. */
export function demandServed(
  { ownRates, quotasFile }: Pick<Quotas, 'ownRates' | 'quotasFile'>,
  versions: readonly ProductVersion[],
): void {
  for (const { product, operations } of ownRates) {
    const served = versions.find((version) => version.product.name === product)
    if (!served) {
      const names = new Set(versions.map((version) => version.product.name))
      throw new UsageError(`\`product\` in \`${quotasFile}\` must be one of ${[...names].join(', ')}`)
    }
    const unknown = operations.find((name) => !served.operations.has(name))
    if (unknown !== undefined) throw new UsageError(`${product} has no operation \`${unknown}\` (in \`${quotasFile}\`)`)
  }
}
