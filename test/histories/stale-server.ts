// A server with a planted defect: it follows nothing that others change. Its storage says that nothing has changed since, and holds no
// batch against what it was decided on. The judge must find out.
import { serve } from '../../src/cli/serve.ts'
import { openHouse } from '../../src/house/open.ts'
import { openWitnessed } from '../../src/house/witnessed.ts'
import { openStorage } from '../../src/storage/open.ts'
import type { Storage } from '../../src/storage/storage.ts'

/** Only the revisions of the rows that a batch changes are left, as in version 0.2.0. */
function deaf(storage: Storage): Storage {
  return new Proxy(storage, {
    get(target, name) {
      const changed: Partial<Storage> = {
        commit: (batch, chaining) => target.commit(batch, chaining, null),
        changesSince: async (number) => ({ number, keys: [] }),
      }
      if (name in changed) return changed[name as keyof Storage]
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

process.exitCode = await serve(
  process.argv.slice(2),
  (settings, alarm, now) =>
    openWitnessed(settings, alarm, now, (...where) => openHouse(...where, async (url) => deaf(await openStorage(url)))),
  {
    env: process.env,
    readFile: (path) => {
      throw new Error(`no settings file is read here: ${path}`)
    },
    print: (text) => process.stdout.write(`${text}\n`),
    output: process.stdout,
    status: () => {},
    complain: (text) => process.stderr.write(`${text}\n`),
    terminal: false,
    ask: null,
  },
)
process.exit()
