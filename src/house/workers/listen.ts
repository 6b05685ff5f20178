// Serving with workers: this process accepts connections and owns the database; the workers serve the connections.
import { Dealer } from '../../gateway/dealing.ts'
import { DEFAULT_LIMITS, type Limits } from '../../gateway/limits.ts'
import type { Listening } from '../../gateway/server.ts'
import type { ServerCertificate } from '../../gateway/server-certificate.ts'
import type { Settings } from '../../settings/settings.ts'
import { servingBatches } from '../../storage/remote/remote-storage.ts'
import { laneHolder } from '../live-servers.ts'
import type { Log } from '../log.ts'
import type { Observing } from '../observing.ts'
import { Pool } from './pool.ts'
import { type Owner, servedTo } from './served.ts'

/** The bounds of `auto`. It leaves one core to the owner of the database; machines with fewer cores gain little from workers. */
const AUTO_FROM = 4
const AUTO_MOST = 8

/** How many workers serve; 0 means that this process serves calls itself. */
export function workerCount({ workers, dev }: Pick<Settings, 'workers' | 'dev'>, cores: number): number {
  if (workers !== 'auto') return workers
  return dev || cores < AUTO_FROM ? 0 : Math.min(cores - 1, AUTO_MOST)
}

interface How {
  readonly workers: number
  readonly settings: Settings
  readonly certificate: ServerCertificate | null
  /** The limits of the whole server. */
  readonly limits: Partial<Limits>
  readonly observing: Observing
  readonly log: Log
}

interface ListeningWithWorkers extends Listening {
  /** Whether the database can be read, and the owner and every worker can commit. */
  ready(): Promise<boolean>
}

/** As the gateway's `listen`, with workers that serve the connections. */
export async function listenWithWorkers(
  owner: Omit<Owner, 'dealer' | 'observer' | 'ready'>,
  how: How,
): Promise<ListeningWithWorkers> {
  const { workers, settings, certificate, log } = how
  const { observer, metrics } = how.observing
  const { rooms, house } = owner
  const limits = { ...DEFAULT_LIMITS, ...how.limits }
  const dealer = new Dealer(limits, house.observer)
  // Databases of early releases have no ring of root keys: the root key is in the provider, which a worker can't use. An empty change of
  // the record writes a ring.
  if (!rooms.ring.record.body.ring) await rooms.ring.change({})
  const commit = servingBatches(({ commits, basis }) => rooms.ledger.commitFor(commits, basis))
  const ready = async () => (await house.ready()) && pool.canCommit()
  const pool: Pool = new Pool({
    dealer,
    service: { methods: (taker) => servedTo(taker, { ...owner, dealer, observer, ready }), packed: commit },
    workers,
    beginning: () => ({
      settings: { ...settings, passphrase: null, root: null, hsm: settings.hsm && { ...settings.hsm, pin: null } },
      tls: certificate?.tls ?? null,
      limits: shareOf(limits, workers),
      workers,
      node: rooms.node,
    }),
    environment: settings.workerEnvironment,
    runtime: rooms.runtime,
    log,
    clearAway: (pid) => rooms.ledger.lane.releaseOf((holder) => holder === laneHolder(rooms.node, pid)),
  })
  const endpoints = await dealer.listen(settings.listen, certificate !== null)
  try {
    await pool.start()
  } catch (error) {
    await dealer.stop()
    throw error
  }
  metrics?.adding(() => pool.counted())
  return {
    endpoints,
    connections: () => dealer.open,
    ready,
    stop: async (deadlineMs) => {
      await dealer.stop()
      await pool.stop(deadlineMs)
    },
  }
}

/** The limits of one worker: its share of memory. The owner counts the connections. */
function shareOf(limits: Limits, workers: number): Limits {
  return {
    ...limits,
    maxConnections: Number.POSITIVE_INFINITY,
    maxConnectionsPerSource: Number.POSITIVE_INFINITY,
    headBudgetBytes: Math.ceil(limits.headBudgetBytes / workers),
    bodyBudgetBytes: Math.ceil(limits.bodyBudgetBytes / workers),
  }
}
