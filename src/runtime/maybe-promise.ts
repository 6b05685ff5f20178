// Values that may have to be waited for. A warm call reads only records in memory. If its steps return values instead of promises, the call runs
// in one go: it allocates no promises, and leaves and enters its code less often. For the same reason, an async function on this path awaits such a
// value only if it is a promise: `await` interrupts the function even for a value that is there.

/** A value, or a promise of it. A function that returns one reports an error in either way: it throws at once, or its promise rejects. */
export type MaybePromise<T> = T | Promise<T>

/** Calls `next` with the value: at once, or when the promise resolves. An error of `next` is thrown, or rejects the returned promise. */
export function andThen<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** Runs `work`, and then `end`, also after an error. Returns the result of `work`; if that is a promise, `end` waits for it. */
export function endingWith<T>(work: () => MaybePromise<T>, end: () => void): MaybePromise<T> {
  let result: MaybePromise<T>
  try {
    result = work()
  } catch (error) {
    end()
    throw error
  }
  if (result instanceof Promise) return result.finally(end)
  end()
  return result
}
