// The API's declarations, the only source of limits, defaults and choices of forms.
import { type UseQueryResult, useQuery } from '@tanstack/react-query'
import { type Product, request } from './call.ts'

/** The limits of a text or a number; with `Unit`, those of the number before the unit. */
export interface Limits {
  readonly Min?: number
  readonly Max?: number
  readonly Unit?: 'd'
  readonly MinLength?: number
  readonly MaxLength?: number
  readonly MaxBytes?: number
  /** The source of a regular expression with the flag u. */
  readonly Pattern?: string
  readonly Enum?: readonly string[]
}

export interface DeclaredParameter extends Limits {
  readonly Name: string
  readonly Type: 'text' | 'integer' | 'boolean' | 'choice' | 'json'
  readonly Required: boolean
  readonly MayBeEmpty?: boolean
  readonly Default?: string | number | boolean
  readonly Secret: boolean
  /** The rule in a sentence, in English. */
  readonly Description: string
  /** The code that refuses a value without naming the parameter. */
  readonly Refusal?: string
  readonly MaxItems?: number
  readonly Members?: readonly (Limits & { readonly Name: string })[]
}

export interface Declarations {
  readonly Products: readonly {
    readonly Name: Product
    readonly Version: string
    readonly Operations: readonly {
      readonly Name: string
      readonly Summary: string
      readonly Action: string
      readonly Parameters: readonly DeclaredParameter[]
    }[]
  }[]
  readonly Actions: readonly string[]
  readonly ConditionKeys: readonly { readonly Key: string; readonly Type: string }[]
}

/** An operation with its product. */
export type OperationName = `${Product}.${string}`

/** The declarations, read once: they change only with the server's version. */
export function useDeclarations(): UseQueryResult<Declarations, Error> {
  return useQuery<Declarations>({
    queryKey: ['declarations'],
    queryFn: ({ signal }) => request('GET', 'api/declarations', undefined, signal),
    staleTime: 'static',
  })
}

/** Throws if a page names an operation or parameter that the server does not have. */
export function parameterOf(
  declarations: Declarations | undefined,
  operation: OperationName,
  name: string,
): DeclaredParameter {
  const [product, called] = operation.split('.')
  const declared = declarations?.Products.find(({ Name }) => Name === product)
    ?.Operations.find(({ Name }) => Name === called)
    ?.Parameters.find(({ Name }) => Name === name)
  if (!declared) throw new Error(`${operation} declares no ${name}`)
  return declared
}
