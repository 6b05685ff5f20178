// A server with a planted defect, which the judge must find: `planted-server.ts DEFECT FLAGS`.
import { serve } from '../../src/cli/serve.ts'
import { openHouse } from '../../src/house/open.ts'
import { openWitnessed } from '../../src/house/witnessed.ts'
import { openStorage } from '../../src/storage/open.ts'
import type { Storage } from '../../src/storage/storage.ts'

/** What a storage does instead, by the name of the defect. */
const DEFECTS: Readonly<Record<string, (storage: Storage) => Partial<Storage>>> = {
  /** Only the revisions of the rows that a batch changes are left, as in version 0.2.0. */
  'follows no changes': (storage) => ({
    commit: (batch, chaining) => storage.commit(batch, chaining, null),
    changesSince: async (number) => (number === null ? storage.changesSince(null) : { number, keys: [] }),
  }),
  'commits on changed reads': (storage) => ({
    commit: (batch, chaining, basis) => storage.commit(batch, chaining, basis?.reads ? { ...basis, reads: [] } : basis),
  }),
  'misses one change in ten': (storage) => ({
    async changesSince(since) {
      const { number, keys } = await storage.changesSince(since)
      return { number, keys: keys && mostOf(keys) }
    },
    async commit(...batch) {
      const { others, ...ended } = await storage.commit(...batch)
      return { ...ended, ...(others && { others: { ...others, keys: mostOf(others.keys) } }) }
    },
  }),
}

function mostOf(keys: readonly string[]): readonly string[] {
  return keys.filter(() => Math.random() > 0.1)
}

const [defect = '', ...flags] = process.argv.slice(2)
const plant = DEFECTS[defect]
if (!plant) throw new Error(`no defect ${defect}`)

function planted(storage: Storage): Storage {
  const wrong = plant?.(storage) ?? {}
  return new Proxy(storage, {
    get(target, name) {
      if (name in wrong) return wrong[name as keyof Storage]
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

process.exitCode = await serve(
  flags,
  (settings, alarm, now) =>
    openWitnessed(settings, alarm, now, (...where) =>
      openHouse(...where, async (...which) => planted(await openStorage(...which))),
    ),
  {
    env: process.env,
    readFile: (path) => {
      throw new Error(`no settings file is read here: ${path}`)
    },
    print: (text) => process.stdout.write(`${text}\n`),
    output: process.stdout,
    input: () => process.stdin,
    status: () => {},
    complain: (text) => process.stderr.write(`${text}\n`),
    printsToTerminal: false,
    terminal: false,
    ask: null,
  },
)
process.exit()
