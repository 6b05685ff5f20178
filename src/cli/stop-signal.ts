/** Resolves at the end of standard input: when the process that holds its other end closes it, or ends, however it ends. */
export function endOfInput(): Promise<string> {
  return new Promise((resolve) => {
    // An input that breaks has ended, too.
    for (const end of ['end', 'close', 'error']) process.stdin.once(end, () => resolve('end of input'))
    process.stdin.resume()
  })
}

/** Resolves with the first signal that asks the program to stop. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal))
  })
}

/** Aborts with the first signal that asks the program to stop, until it is disposed of. */
export function stopsWork(): Disposable & { readonly signal: AbortSignal } {
  const stop = new AbortController()
  const stopped = (signal: NodeJS.Signals) => stop.abort(new Error(`stopped by ${signal}`))
  process.on('SIGTERM', stopped).on('SIGINT', stopped)
  return {
    signal: stop.signal,
    [Symbol.dispose]: () => void process.off('SIGTERM', stopped).off('SIGINT', stopped),
  }
}
