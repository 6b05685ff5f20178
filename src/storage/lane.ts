// Lanes: the chains of events of one database, one for each server that records at the same time. The number of an event says which lane
// it is in, so that one column orders all events, and each lane by itself.

/** How many numbers a lane has: its events are numbered from lane * LANE_NUMBERS + 1 on. Lane 0 alone has the numbers 1, 2, 3 … */
export const LANE_NUMBERS = 2 ** 40
/** How many lanes there can be: all numbers are safe integers. */
export const MOST_LANES = 2 ** 13

/** The lane of an event, or of a head, by its number. */
export function laneOf(seq: number): number {
  return Math.floor(seq / LANE_NUMBERS)
}

/** The number before the first event of a lane. */
export function laneStart(lane: number): number {
  return lane * LANE_NUMBERS
}

/** The highest number that an event of a lane can have. */
export function laneEnd(lane: number): number {
  return laneStart(lane + 1) - 1
}

/** How many events a lane has up to this number. */
export function countIn(seq: number): number {
  return seq - laneStart(laneOf(seq))
}

/** Where each lane ends: its last event. The index is the lane's number. */
export type Heads = readonly Head[]

/** Where a chain of events ends. */
export interface Head {
  readonly seq: number
  readonly hash: string
}

/** How many events lead to these heads, over all lanes. With lane 0 alone it is the number of its last event. */
export function eventsUpTo(heads: Heads): number {
  return heads.reduce((sum, { seq }) => sum + countIn(seq), 0)
}
