export function consoleIsBuilt(): boolean
/** Returns what went wrong, null for nothing. */
export function buildConsole(): string | null
export function builtConsole(): string
