// Messages between threads. Structured cloning of a view copies its whole buffer. Small Node buffers share one pool, so the copy would contain bytes
// of other calls.

interface Port {
  postMessage(message: unknown, moved: ArrayBuffer[]): void
}

/**
 * Sends the message with copies of its bytes, in separate buffers that move to the other thread. The sender keeps the originals and may
 * wipe them.
 */
export function post(port: Port, message: object): void {
  const moved: ArrayBuffer[] = []
  port.postMessage(apart(message, moved), moved)
}

/** Copies the bytes in nested plain objects. */
function apart(value: unknown, moved: ArrayBuffer[]): unknown {
  if (value instanceof Uint8Array) {
    const copy = Uint8Array.from(value)
    moved.push(copy.buffer)
    return copy
  }
  if (value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value as object).map(([name, part]) => [name, apart(part, moved)]))
}
