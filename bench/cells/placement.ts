// The placement of accounts: the load of shards by heavy-tailed accounts, and the distribution of shards over cells.

/** Each shard's part of all calls, when account number k of `accounts` makes calls in proportion to k^-exponent (Zipf's law). */
export function shardsOf(
  accounts: number,
  exponent: number,
  shards: number,
  random: { below(below: number): number },
): number[] {
  const parts = new Array<number>(shards).fill(0)
  let sum = 0
  for (let k = 1; k <= accounts; k++) {
    const part = k ** -exponent
    const shard = random.below(shards)
    parts[shard] = (parts[shard] ?? 0) + part
    sum += part
  }
  return parts.map((part) => part / sum)
}

/** Places the largest shards first, each in the cell with the least load. */
export function packed(shards: readonly number[], cells: number): number[] {
  const loads = new Array<number>(cells).fill(0)
  const placement = new Array<number>(shards.length).fill(0)
  for (const shard of shards
    .keys()
    .toArray()
    .sort((a, b) => (shards[b] ?? 0) - (shards[a] ?? 0))) {
    const least = loads.indexOf(Math.min(...loads))
    placement[shard] = least
    loads[least] = (loads[least] ?? 0) + (shards[shard] ?? 0)
  }
  return placement
}

/** Places the shards in turn, whatever their loads. */
export function inTurn(shards: number, cells: number): number[] {
  return Array.from({ length: shards }, (_, shard) => shard % cells)
}

/** The load of the fullest cell, as a multiple of the mean. */
export function imbalance(shards: readonly number[], placement: readonly number[], cells: number): number {
  const loads = new Array<number>(cells).fill(0)
  for (const [shard, cell] of placement.entries()) loads[cell] = (loads[cell] ?? 0) + (shards[shard] ?? 0)
  return (Math.max(...loads) * cells) / loads.reduce((sum, load) => sum + load, 0)
}
