// Values that may have to be waited for. A warm call reads only records in memory. If its steps return values instead of promises, the call runs
// in one go: it allocates no promises, and leaves and enters its code less often.

/** A value, or a promise of it. */
export type MaybePromise<T> = T | Promise<T>

/** Calls `next` with the value: at once, or when the promise resolves. An error of `next` is thrown, or rejects the returned promise. */
export function andThen<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** Runs `work`, and then `end`, however the work ended. */
export function endingWith<T>(work: () => MaybePromise<T>, end: () => void): MaybePromise<T> {
  let done: MaybePromise<T> | null = null
  try {
    done = work()
    return done instanceof Promise ? done.finally(end) : done
  } finally {
    if (!(done instanceof Promise)) end()
  }
}
