// The gateway's port to tracing. Without tracing there is no tracer, and nothing is recorded.
import type { Code } from '../api/errors/catalogue.ts'
import type { Observed } from './observer.ts'

/** The content of a call's span: names and codes, never content of the request. */
export interface Traced {
  readonly operation: Observed
  readonly outcome: 'OK' | Code
  readonly requestId: string
  /** The account of the caller; for a service, its AccessKeyId (ownerOf). */
  readonly account: string
  /** The request's header `traceparent` (W3C Trace Context), as sent; '' where there is none. */
  readonly traceparent: string
}

export interface Tracer {
  /** Runs a call and records its waits. A call without `traced` gets no span. */
  following<T>(call: () => Promise<T>): Promise<T>
  /** Records how long the call waits for its commit. */
  committing<T>(commit: Promise<T>): Promise<T>
  /** Records the outcome of a call with a proven caller. */
  traced(call: Traced): void
}
