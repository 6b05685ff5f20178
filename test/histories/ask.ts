// A call of a history, and what histories are about.
import type { Called } from '../acceptance/program.ts'
import type { Pick } from './random.ts'
import type { Setup } from './setup.ts'

/** A call, once as the service takes it and once as the model does. */
export interface Ask {
  readonly call: string
  /** What the model knows of the parameters. */
  readonly args?: readonly string[]
  readonly parameters: Readonly<Record<string, string>>
  /** The caller where it is not the account itself: its name in the model, and its AccessKey. */
  readonly as?: string
  readonly credentials?: Pair
  /** What the model knows of a good answer, read when the history is judged, by which time everything has its name. */
  readonly shows?: (body: Called['body']) => () => readonly string[]
}

export interface Pair {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  /** Of a session. */
  readonly securityToken?: string
}

/** A group of records that was just made, in the state in which its model begins. */
export interface Subject {
  /** What it is, for who reads a verdict. */
  readonly about: string
  next(pick: Pick): Ask
}

/** Makes a group. Throws Lost when the service is away. */
export type Family = (setup: Setup) => Promise<Subject>

export const RAM = '2015-05-01'

/** For an answer whose words are known at once. */
export function shown(...words: string[]): () => readonly string[] {
  return () => words
}

/** The parameter Tags with one tag. */
export function tag(key: string, value: string): string {
  return JSON.stringify([{ TagKey: key, TagValue: value }])
}
