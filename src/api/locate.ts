// Locates the resources that a call names. The call is authorized on them. The event of a refused call shows those that can be found.
import type { MaybePromise } from '../runtime/maybe-promise.ts'
import { Refusal } from './errors.ts'
import type { AnyOperation, Resource } from './operation.ts'
import { readableValues } from './parameters.ts'

type Located<C> = Pick<AnyOperation<C, unknown>, 'locate' | 'parameters'>

/** Returns the resources that the call names. Refuses as the operation's `locate` does. */
export function locate<C>({ locate }: Located<C>, values: never, context: C): MaybePromise<readonly Resource[]> {
  if (typeof locate === 'function') return locate(values, context)
  return Promise.all(locate.map(async (part) => part(values, context))).then((found) => found.flat())
}

/** Locates the resource of a call that names none. Only a policy on all resources allows the call. */
export function locateAnyResource(): readonly Resource[] {
  return [{ type: '', name: '', arn: '*' }]
}

/** Returns the resources that a refused call names, as far as its parameters are valid and resolve. */
export function locateReadable<C>(
  operation: Located<C>,
  given: ReadonlyMap<string, string>,
  context: C,
): Promise<readonly Resource[]> {
  return locateParts(operation, readableValues(operation.parameters, given) as never, context)
}

/** Returns the resources of those parts of `locate` that do not refuse. */
export async function locateParts<C>(
  { locate }: Pick<Located<C>, 'locate'>,
  values: never,
  context: C,
): Promise<readonly Resource[]> {
  const parts = typeof locate === 'function' ? [locate] : locate
  const found = parts.map(async (part) => {
    try {
      return await part(values, context)
    } catch (error) {
      if (error instanceof Refusal) return []
      throw error
    }
  })
  return (await Promise.all(found)).flat()
}
