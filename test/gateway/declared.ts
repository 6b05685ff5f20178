// What the declarations say, as plain data.
import { products } from '../../src/gateway/products.ts'

export function declared(): Record<string, unknown> {
  return Object.fromEntries(
    products.flatMap(({ product: { name: product }, version, operations }) =>
      [...operations.values()].map(
        ({ name, access, action, otherActions, claimant, selfService, parameters, trail, refusals }) => {
          const shown = Object.entries(parameters).map(([parameter, { type, required, secret, rule }]) => [
            parameter,
            { type, required, secret, rule },
          ])
          const what = {
            access,
            action,
            anonymous: claimant && true,
            otherActions,
            selfService,
            parameters: Object.fromEntries(shown),
            trail,
            refusals,
          }
          return [product === 'Actiontrail' ? `${product} ${version} ${name}` : `${product} ${name}`, what]
        },
      ),
    ),
  )
}
