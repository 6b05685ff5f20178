/** Returns the path of the package. */
export function makeDeb(folder: string, options?: { readonly version?: string; readonly tree?: string }): string
/** Seconds since 1970. */
export function timeOfCommit(): string
