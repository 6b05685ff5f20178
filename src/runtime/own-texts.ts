// Copies of texts that outlive the request which they come from.

/** Copies plain JSON, with memory of its own for each text: V8's substring of a request would keep the whole request in memory. */
export function withOwnTexts<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}
