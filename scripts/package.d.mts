export function makeTree(folder: string): void
export function makeInstalled(folder: string, cpu?: string): void
/** Returns the path of the tarball. */
export function pack(folder: string): string
