// Sources run as they are, and compiled in packages: what a thread or a process begins with has the ending of the module that starts it.
import { extname } from 'node:path'

/** The address of the module `name`, a path without its ending, seen from the module at `url`. */
export function beside(name: string, url: string): URL {
  return new URL(name + extname(url), url)
}
