// Errors about a file that the command line names.

/** An error of the file system in a sentence that names the file; any other error as it is. */
export function unusable(path: string, what: 'read' | 'written', error: unknown): unknown {
  const { syscall, message } = error as NodeJS.ErrnoException
  return syscall === undefined ? error : new Error(`\`${path}\` can't be ${what}: ${message}`)
}
