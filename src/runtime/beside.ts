// Modules run as sources in a checkout, and compiled in packages. So the first module of a thread or a process has the same ending as the
// module that starts it.
import { extname } from 'node:path'

/** The URL of the module `name` (a path without an ending), relative to the module at `url`. */
export function beside(name: string, url: string): URL {
  return new URL(name + extname(url), url)
}
