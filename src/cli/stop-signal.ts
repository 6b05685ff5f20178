/** Resolves at the end of standard input: when the process at its other end closes it, or ends in any way. */
export function endOfInput(): Promise<string> {
  return new Promise((resolve) => {
    // A broken input has ended, too.
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

/** Aborts at the first signal that asks the program to stop, until disposed. A second one ends the program at once. */
export function stopsWork(): Disposable & { readonly signal: AbortSignal } {
  const stop = new AbortController()
  const stopped = (signal: NodeJS.Signals) => stop.abort(new Error(`stopped by ${signal}`))
  process.once('SIGTERM', stopped).once('SIGINT', stopped)
  return {
    signal: stop.signal,
    [Symbol.dispose]: () => void process.off('SIGTERM', stopped).off('SIGINT', stopped),
  }
}

/** The bytes of q, Q and Ctrl-C. */
const QUIT: readonly number[] = [0x71, 0x51, 0x03]

/** Aborts when the user types q or Ctrl-C, until disposed. In raw mode, the terminal does not turn Ctrl-C into a signal. */
export function quitKey(): Disposable & { readonly signal: AbortSignal } {
  const quit = new AbortController()
  const { stdin } = process
  const typed = (keys: Buffer) => {
    if ([...keys].some((key) => QUIT.includes(key))) quit.abort(new Error('ended by a key'))
  }
  if (stdin.isTTY) stdin.setRawMode(true)
  stdin.on('data', typed)
  return {
    signal: quit.signal,
    [Symbol.dispose]: () => {
      stdin.off('data', typed).pause()
      if (stdin.isTTY) stdin.setRawMode(false)
    },
  }
}
