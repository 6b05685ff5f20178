// What goes wrong in a run, and how often. Each seed draws its own mixture, since what goes wrong all the time hides what goes wrong
// in the quiet.
import type { Random } from './random.ts'

export interface Faults {
  /** Milliseconds that a message, a read or a sync takes at least, and at most in `slowly` of all cases. */
  readonly latencyMs: number
  readonly slowMs: number
  readonly slowly: number
  /** How often a request is lost on its way to the database. */
  readonly lostRequest: number
  /** How often the reply is lost after the request was done. */
  readonly lostReply: number
  /** How often a request hangs: the server gives up, and the database still does it, later. */
  readonly hang: number
  /** How often a read or a sync of an embedded database fails, or the disk is full for a while. */
  readonly disk: number
  /** How often a message between a client and a server is lost. */
  readonly lostCall: number
  /** How often a client sends the same signed request again. */
  readonly replay: number
  /** How often a device that keeps keys is away for a call. */
  readonly device: number
  /** How many times as far from the database the first server is as the others: its commits meet those of others. */
  readonly far: number
  /** How many clients there are, and the most milliseconds that they think between two calls. */
  readonly clients: number
  /** The calls of all of them together. */
  readonly calls: number
  /** Whether the root key is rotated at the end although the run began no rotation. */
  readonly rotates: boolean
  readonly thinkMs: number
  /** How long a client waits for an answer before it closes the connection and repeats the call, elsewhere if it can. */
  readonly patienceMs: number
  /** How many changes the log of changes keeps. */
  readonly logged: number
  /** How far the servers' clocks may be apart, in milliseconds. */
  readonly skewMs: number
  /** Milliseconds between what the nemesis does; null for no nemesis. */
  readonly nemesisMs: number | null
  /** The most that it does. */
  readonly acts: number
  /** For how long everything stands still while clients have made half of their calls: retired root keys, nonces and idle lanes fall due. */
  readonly sleepMs: number
}

/** One run in so many is long: with some ten times as many calls, and a rotation of the root key in any case. */
const LONG_ONE_IN = 40

/** Longer than a retired root key stays. */
const SLEEP_MS = 37 * 3_600_000

/** The mixture of a run. */
export function drawFaults(random: Random): Faults {
  const isLong = random.below(LONG_ONE_IN) === 0
  const sometimes = (most: number) => (random.chance(0.5) ? 0 : most * random.fraction())
  return {
    latencyMs: 0.2 + random.fraction(),
    slowMs: random.pick([5, 50, 300]),
    slowly: sometimes(0.2),
    lostRequest: sometimes(0.05),
    lostReply: sometimes(0.1),
    hang: sometimes(0.005),
    disk: sometimes(0.02),
    lostCall: sometimes(0.1),
    replay: sometimes(0.2),
    device: sometimes(0.1),
    far: random.pick([1, 1, 10, 40]),
    clients: random.pick([3, 4, 5]),
    calls: random.pick(isLong ? [20, 20, 30, 100] : [6, 8, 9]),
    rotates: isLong,
    thinkMs: random.pick([0, 2, 20]),
    patienceMs: random.pick([2000, 800, 200]),
    logged: random.pick([10_000, 10_000, 5, 1]),
    skewMs: random.pick([0, 0, 500, 60_000]),
    nemesisMs: random.chance(0.3) ? null : random.pick(isLong ? [100, 300, 1000] : [10, 30, 100]),
    acts: random.pick(isLong ? [10, 30] : [2, 4, 8]),
    sleepMs: random.pick([...Array(7).fill(0), SLEEP_MS]),
  }
}

export const NO_FAULTS: Faults = {
  latencyMs: 0.5,
  slowMs: 1,
  slowly: 0,
  lostRequest: 0,
  lostReply: 0,
  hang: 0,
  disk: 0,
  lostCall: 0,
  replay: 0,
  device: 0,
  far: 1,
  clients: 1,
  calls: 1,
  rotates: false,
  thinkMs: 20,
  patienceMs: 5000,
  logged: 10_000,
  skewMs: 0,
  nemesisMs: null,
  acts: 0,
  sleepMs: 0,
}

/** How long something takes that usually takes `latencyMs`, or so many times as long. */
export function latency({ latencyMs, slowMs, slowly }: Faults, random: Random, times = 1): number {
  return random.chance(slowly) ? slowMs * random.fraction() : latencyMs * times * (0.5 + random.fraction())
}
