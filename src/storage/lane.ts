// Lanes: the chains of events of one database, one for each server that records at the same time. An event's number contains its lane, so
// one column orders all events, and those of each lane.

/** The count of a lane's numbers. Its events have the numbers from lane * LANE_NUMBERS + 1 on; those of lane 0 are 1, 2, 3 … */
export const LANE_NUMBERS = 2 ** 40
/** The most lanes, so that all numbers are safe integers. */
export const MOST_LANES = 2 ** 13

/** The lane of an event, or of a head, by number. */
export function laneOf(seq: number): number {
  return Math.floor(seq / LANE_NUMBERS)
}

/** The number before a lane's first event. */
export function laneStart(lane: number): number {
  return lane * LANE_NUMBERS
}

/** The highest number of an event in a lane. */
export function laneEnd(lane: number): number {
  return laneStart(lane + 1) - 1
}

/** The number of events in the lane up to this number. */
export function countIn(seq: number): number {
  return seq - laneStart(laneOf(seq))
}

/** The last event of each lane; the index is the lane. */
export type Heads = readonly Head[]

/** The end of a chain of events: the number and the hash of its last event. */
export interface Head {
  readonly seq: number
  readonly hash: string
}

/** The number of events up to these heads, over all lanes. With lane 0 alone, it is the number of the last event. */
export function eventsUpTo(heads: Heads): number {
  return heads.reduce((sum, { seq }) => sum + countIn(seq), 0)
}
