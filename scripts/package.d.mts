export function makeTree(folder: string): void
/** Returns the path of the tarball. */
export function pack(folder: string): string
