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
