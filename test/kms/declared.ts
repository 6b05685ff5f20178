// What the declarations say, as plain data.
import { kmsOperations } from '../../src/kms/operations.ts'

export function declared(): Record<string, unknown> {
  return Object.fromEntries(
    kmsOperations.map(({ name, access, parameters, trail, refusals }) => {
      const shown = Object.entries(parameters).map(([parameter, { type, required, secret, rule }]) => [
        parameter,
        { type, required, secret, rule },
      ])
      return [name, { access, parameters: Object.fromEntries(shown), trail, refusals }]
    }),
  )
}
