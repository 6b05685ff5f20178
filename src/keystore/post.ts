// Messages between threads. Cloning a view copies all of its buffer, and small buffers of Node share one: with what other calls hold in it.

interface Port {
  postMessage(message: unknown, moved: ArrayBuffer[]): void
}

/** Sends the message; its bytes in buffers of their own, which move to the other thread. Who sends still has, and may wipe, the originals. */
export function post(port: Port, message: object): void {
  const moved: ArrayBuffer[] = []
  port.postMessage(apart(message, moved), moved)
}

/** Copies bytes, however deep they lie in plain objects. */
function apart(value: unknown, moved: ArrayBuffer[]): unknown {
  if (value instanceof Uint8Array) {
    const copy = Uint8Array.from(value)
    moved.push(copy.buffer)
    return copy
  }
  if (value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value as object).map(([name, part]) => [name, apart(part, moved)]))
}
