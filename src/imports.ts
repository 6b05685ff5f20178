// Resolves imports by their text alone, since they name files with their endings. Node's own resolution looks for each file, for links and
// for the package of each file, which takes a quarter of a start.
import { registerHooks } from 'node:module'
import { extname } from 'node:path'

const ENDING = extname(import.meta.url)
/** In a package, only files in this folder: other packages have the same ending, and rely on Node's resolution. */
const FOLDER = ENDING === '.ts' ? 'file:' : new URL('.', import.meta.url).href

registerHooks({
  resolve(specifier, context, next) {
    const isSource = /^\.\.?\//.test(specifier) && extname(specifier) === ENDING
    if (!isSource || !context.parentURL?.startsWith(FOLDER)) return next(specifier, context)
    const format = ENDING === '.ts' ? 'module-typescript' : 'module'
    return { url: new URL(specifier, context.parentURL).href, format, shortCircuit: true }
  },
})
