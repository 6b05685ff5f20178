// Resolves the imports of the sources by their texts alone: they name files, with their endings. Node would look for each file, for links
// and for the package that it belongs to, which is a quarter of what a start costs.
import { registerHooks } from 'node:module'
import { extname } from 'node:path'

const ENDING = extname(import.meta.url)
/** Compiled, only what is in this folder: files of other packages have the same ending, and Node's ways. */
const FOLDER = ENDING === '.ts' ? 'file:' : new URL('.', import.meta.url).href

registerHooks({
  resolve(specifier, context, next) {
    const isSource = /^\.\.?\//.test(specifier) && extname(specifier) === ENDING
    if (!isSource || !context.parentURL?.startsWith(FOLDER)) return next(specifier, context)
    const format = ENDING === '.ts' ? 'module-typescript' : 'module'
    return { url: new URL(specifier, context.parentURL).href, format, shortCircuit: true }
  },
})
