// The future events of a simulation, ordered by time: a binary heap.

export interface Event<T> {
  readonly at: number
  readonly what: T
}

export class Events<T> {
  readonly #heap: Event<T>[] = []

  add(at: number, what: T): void {
    const heap = this.#heap
    const added = { at, what }
    let place = heap.push(added) - 1
    for (let above = (place - 1) >> 1; place > 0 && this.#at(above) > at; above = (place - 1) >> 1) {
      heap[place] = heap[above] as Event<T>
      place = above
    }
    heap[place] = added
  }

  /** Removes and returns the first event, if it happens at `time` or earlier; otherwise null. */
  takeBefore(time: number): Event<T> | null {
    const [first] = this.#heap
    if (!first || first.at > time) return null
    const last = this.#heap.pop() as Event<T>
    if (this.#heap.length > 0) this.#sink(last)
    return first
  }

  #at(place: number): number {
    return this.#heap[place]?.at ?? Number.POSITIVE_INFINITY
  }

  #sink(event: Event<T>): void {
    const heap = this.#heap
    let place = 0
    for (;;) {
      const left = 2 * place + 1
      const below = this.#at(left + 1) < this.#at(left) ? left + 1 : left
      if (this.#at(below) >= event.at) break
      heap[place] = heap[below] as Event<T>
      place = below
    }
    heap[place] = event
  }
}
