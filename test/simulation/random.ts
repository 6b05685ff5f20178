// Randomness that a seed decides: sfc32, the same on every machine. It keeps no secrets.

export class Random {
  #a: number
  #b: number
  #c: number
  #d = 1

  constructor(seed: number, stream = 0) {
    this.#a = seed >>> 0
    this.#b = Math.floor(seed / 2 ** 32) >>> 0
    this.#c = stream >>> 0
    for (let i = 0; i < 15; i++) this.word()
  }

  /** 32 bits. */
  word(): number {
    const t = (this.#a + this.#b + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t
    return t >>> 0
  }

  /** From 0 up to 1. */
  fraction(): number {
    return this.word() / 2 ** 32
  }

  /** A whole number from 0 up to `below`. */
  below(below: number): number {
    return Math.floor(this.fraction() * below)
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T
  }

  bytes(length: number): Buffer {
    const words = Buffer.alloc(Math.ceil(length / 4) * 4)
    for (let at = 0; at < words.length; at += 4) words.writeUInt32LE(this.word(), at)
    return words.subarray(0, length)
  }
}
