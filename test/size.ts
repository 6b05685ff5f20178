// How large the tests are that could go on for ever, and what their randomness begins with.
// This table is all that `npm test` runs smaller than `npm run test:nightly` and `npm run test:failures`.
import fc from 'fast-check'

/** What is repeated, and how often: in `npm test`, and in full. */
const SIZES = {
  'transcripts through a process for each command': [0, 1],
  'stops right after a start': [2, 30],
  'kills under load': [3, 50],
  'kills while delivering': [2, 20],
  'kills while root keys rotate': [2, 20],
  'stops while root keys rotate': [1, 3],
  'kills beside two servers': [2, 7],
  'kills while the root key moves into an HSM': [1, 12],
  'kills while keys are made in an HSM': [2, 15],
  'rounds of each caller in a second': [5, 1000],
  'texts padded at random': [2000, 20_000],
  'tries of a key pair': [5, 200],
  'conformance on PostgreSQL and with workers': [0, 1],
  'generated requests': [3000, 100_000],
  'spellings of parameters': [5000, 500_000],
  'sequences against the model, on SQLite': [8, 200],
  'sequences against the model, elsewhere': [3, 30],
  'sequences on all databases at once': [3, 200],
  'sets of policies': [1000, 20_000],
  'changes to policies': [1000, 10_000],
  'odd requests to policies': [500, 5000],
  'policy documents': [500, 5000],
  'wildcard patterns': [5000, 50_000],
  simulations: [2000, 40_000],
  'hostile texts on each page': [1, 3],
  'looks of each page': [1, 2],
  'pages loaded, of eight visits': [1, 8],
  'searches, on SQLite': [4, 200],
  'searches, on PostgreSQL': [2, 60],
  'lookups, on SQLite': [6, 200],
  'lookups, on PostgreSQL': [3, 60],
  'trails that grow': [60, 5000],
} as const

const isFull = process.env['STRONGROOM_TEST_SIZE'] === 'full'

/** How often a test does it in this run. */
export function times(what: keyof typeof SIZES): number {
  return SIZES[what][isFull ? 1 : 0]
}

/** A line for each entry of the table. */
export function smaller(): string[] {
  return Object.entries(SIZES).map(([what, [usual, full]]) => `${what} (${usual} of ${full})`)
}

/** What a run's randomness begins with. A failed property shows it, with the path to the failure. */
export const seed = Number(process.env['STRONGROOM_TEST_SEED'] ?? Date.now() % 1_000_000_000)
fc.configureGlobal({
  seed,
  // Just before the test's own limit: a failure that is still being shrunk is reported as far as it came.
  interruptAfterTimeLimit: isFull ? 1_700_000 : 170_000,
  markInterruptAsFailure: true,
})
