// What pages read, and how they change it.
import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { useRegion } from '../frame/region.ts'
import { call, type Parameters, type Product, request } from './call.ts'

/** The reply of an operation that reads. It is asked again on each page, and dropped when anything was changed. */
export function useReply<T>(
  product: Product,
  operation: string,
  parameters: Parameters = {},
  enabled = true,
): UseQueryResult<T, Error> {
  const region = useRegion()
  return useQuery<T>({
    queryKey: [region, product, operation, parameters],
    queryFn: ({ signal }) => call<T>(product, operation, region, parameters, signal),
    enabled,
  })
}

/** A change: afterwards everything that pages show is read again. */
export function useChange<In = void, Out = unknown>(
  change: (input: In, region: string) => Promise<Out>,
): UseMutationResult<Out, Error, In> {
  const region = useRegion()
  const client = useQueryClient()
  return useMutation<Out, Error, In>({
    mutationFn: (input) => change(input, region),
    onSuccess: () => client.invalidateQueries(),
  })
}

export interface Question {
  readonly Action: string
  readonly Resource?: string
}

export interface Answer {
  readonly Allowed: boolean
  readonly Decision: 'Allow' | 'ExplicitDeny' | 'ImplicitDeny'
  /** The statement that decides, where the caller may see it. */
  readonly By?: { readonly PolicyName: string; readonly PolicyVersion: string; readonly StatementIndex: number }
}

export type May = (action: string, resource?: string) => Answer

const UNKNOWN: Answer = { Allowed: true, Decision: 'Allow' }

/**
 * What the caller's policies say about what the page offers, asked in one call. Until the answer is there, and where it
 * can't be had, everything is offered: the service decides anyway.
 */
export function useMay(questions: readonly Question[]): May {
  const region = useRegion()
  const { data } = useQuery<{ readonly Answers: readonly Answer[] }>({
    queryKey: [region, 'simulate', questions],
    queryFn: ({ signal }) =>
      request('POST', 'api/simulate', { Questions: questions.map((one) => ({ ...one, Region: region })) }, signal),
    enabled: questions.length > 0,
    retry: false,
  })
  return (action, resource) => {
    const place = questions.findIndex((one) => one.Action === action && one.Resource === resource)
    return data?.Answers[place] ?? UNKNOWN
  }
}
