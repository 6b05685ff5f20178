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
import type { EventChain, Verification } from './replies/trail.ts'

/** The reply of an operation that reads. Each page reads it again, and every change drops it. */
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

/** The interval for polling background work of a server. */
const FOLLOW_MS = 1500

/** The chain of events and the last verification, polled while one is in progress. */
export function useEventChain(enabled: boolean): UseQueryResult<EventChain, Error> {
  const region = useRegion()
  return useQuery<EventChain>({
    queryKey: [region, 'Actiontrail', 'InspectEventChain', {}],
    queryFn: ({ signal }) => call<EventChain>('Actiontrail', 'InspectEventChain', region, {}, signal),
    enabled,
    refetchInterval: ({ state }) => (isUnderWay(state.data?.Verification) ? FOLLOW_MS : false),
  })
}

export function isUnderWay(verification: Verification | undefined): boolean {
  return verification?.State === 'Waiting' || verification?.State === 'Running'
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
  /** The statement that decides, if the caller may see it. */
  readonly By?: { readonly PolicyName: string; readonly PolicyVersion: string; readonly StatementIndex: number }
}

export type May = (action: string, resource?: string) => Answer

const UNKNOWN: Answer = { Allowed: true, Decision: 'Allow' }

/**
 * What the caller's policies say about what the page offers, asked in one call. Until the answer is there, and where it
 * can't be had, everything is offered: the service decides anyway.
 */
export function useMay(questions: readonly Question[]): May {
  return useAnswers(questions).may
}

/** The same, after the answer has come or has failed: for reads that the page omits if policies forbid them. */
export function useMayAsked(questions: readonly Question[]): May | null {
  const { may, isPending } = useAnswers(questions)
  return isPending ? null : may
}

function useAnswers(questions: readonly Question[]): { readonly may: May; readonly isPending: boolean } {
  const region = useRegion()
  const { data, isPending } = useQuery<{ readonly Answers: readonly Answer[] }>({
    queryKey: [region, 'simulate', questions],
    queryFn: ({ signal }) =>
      request('POST', 'api/simulate', { Questions: questions.map((one) => ({ ...one, Region: region })) }, signal),
    enabled: questions.length > 0,
    retry: false,
  })
  const may: May = (action, resource) => {
    const place = questions.findIndex((one) => one.Action === action && one.Resource === resource)
    return data?.Answers[place] ?? UNKNOWN
  }
  return { may, isPending }
}
