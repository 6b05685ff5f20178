// What the gateway tells of calls where they are traced. Where they are not, there is no tracer, and nothing is noted of any call.
import type { Code } from '../api/errors/catalogue.ts'
import type { Observed } from './observer.ts'

/** What a span says of a call: names and codes, never what a request holds. */
export interface Traced {
  readonly operation: Observed
  readonly outcome: 'OK' | Code
  readonly requestId: string
  /** The account of the caller; a service has its name. */
  readonly account: string
  /** The request's header `traceparent` (W3C Trace Context), as it came; '' where there is none. */
  readonly traceparent: string
}

export interface Tracer {
  /** Runs a call, whose waits are noted. What is not `traced` leaves no span. */
  following<T>(call: () => Promise<T>): Promise<T>
  /** Notes how long the call waits for its commit. */
  committing<T>(commit: Promise<T>): Promise<T>
  /** The call, whose caller is known, has got its answer. */
  traced(call: Traced): void
}
