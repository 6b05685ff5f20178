// The states of the connection to the library's processes and their transitions: one table, pure functions.
import type { Refusals } from './left-alone.ts'
import type { TokenState } from './protocol.ts'

/** The process that serves. */
export interface Serving<Process> {
  readonly process: Process
  readonly tokens: readonly TokenState[]
  /** The tokens that refused the process's PIN. */
  readonly refusals: Refusals
  /** Whether a call failed that a fresh process may be able to serve. */
  readonly wantsFresh: boolean
}

/**
 * `away`: there is no process, before the first start and between two attempts. `starting`: a process has started and does not serve yet.
 * `serving`: a process serves. `replacing`: a process serves, and another one has started that will replace it. `stopped`: no process starts any
 * more; `now` may still finish its requests.
 */
export type State<Process> =
  | { readonly name: 'away'; readonly now: null; readonly next: null }
  | { readonly name: 'starting'; readonly now: null; readonly next: Process }
  | { readonly name: 'serving'; readonly now: Serving<Process>; readonly next: null }
  | { readonly name: 'replacing'; readonly now: Serving<Process>; readonly next: Process }
  | { readonly name: 'stopped'; readonly now: Serving<Process> | null; readonly next: null }

/** The events of the connection, of the process that serves (`now`), and of the process that has started (`next`). */
export type Happening<Process> =
  | { readonly what: 'next begins'; readonly process: Process }
  | { readonly what: 'next serves'; readonly tokens: readonly TokenState[]; readonly refusals: Refusals }
  | { readonly what: 'next ends' }
  | { readonly what: 'now ends' }
  | { readonly what: 'a token changes'; readonly token: TokenState }
  | { readonly what: 'a fresh process is wanted' }
  | { readonly what: 'it stops' }

type Transitions<Process> = {
  readonly [Name in State<Process>['name']]: {
    readonly [What in Happening<Process>['what']]?: (
      state: Extract<State<Process>, { name: Name }>,
      happening: Extract<Happening<Process>, { what: What }>,
    ) => State<Process>
  }
}

const AWAY = { name: 'away', now: null, next: null } as const

/** An event that a state does not list changes nothing. */
const TRANSITIONS: Transitions<unknown> = {
  away: {
    'next begins': (_, { process }) => ({ name: 'starting', now: null, next: process }),
    'it stops': () => ({ name: 'stopped', now: null, next: null }),
  },
  starting: {
    'next serves': ({ next }, { tokens, refusals }) => ({
      name: 'serving',
      now: begun(next, tokens, refusals),
      next: null,
    }),
    'next ends': () => AWAY,
    'it stops': () => ({ name: 'stopped', now: null, next: null }),
  },
  serving: {
    'next begins': ({ now }, { process }) => ({ name: 'replacing', now, next: process }),
    'now ends': () => AWAY,
    'a token changes': (state, { token }) => ({ ...state, now: withToken(state.now, token) }),
    'a fresh process is wanted': (state) => ({ ...state, now: { ...state.now, wantsFresh: true } }),
    'it stops': ({ now }) => ({ name: 'stopped', now, next: null }),
  },
  replacing: {
    'next serves': ({ next }, { tokens, refusals }) => ({
      name: 'serving',
      now: begun(next, tokens, refusals),
      next: null,
    }),
    'next ends': ({ now }) => ({ name: 'serving', now, next: null }),
    'now ends': ({ next }) => ({ name: 'starting', now: null, next }),
    'a token changes': (state, { token }) => ({ ...state, now: withToken(state.now, token) }),
    'a fresh process is wanted': (state) => ({ ...state, now: { ...state.now, wantsFresh: true } }),
    'it stops': ({ now }) => ({ name: 'stopped', now, next: null }),
  },
  stopped: {
    'now ends': () => ({ name: 'stopped', now: null, next: null }),
  },
}

function begun<Process>(process: Process, tokens: readonly TokenState[], refusals: Refusals): Serving<Process> {
  return { process, tokens, refusals, wantsFresh: false }
}

function withToken<Process>(now: Serving<Process>, changed: TokenState): Serving<Process> {
  return { ...now, tokens: now.tokens.map((token) => (token.token === changed.token ? changed : token)) }
}

/** The state before the first process starts. */
export function initial<Process>(): State<Process> {
  return AWAY
}

type Step<Process> = (state: State<Process>, happening: Happening<Process>) => State<Process>

/** Returns the state after an event. */
export function after<Process>(state: State<Process>, happening: Happening<Process>): State<Process> {
  const ofState = TRANSITIONS[state.name] as Partial<Record<Happening<Process>['what'], Step<Process>>>
  const step = ofState[happening.what]
  return step ? step(state, happening) : state
}
