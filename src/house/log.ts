// The log: JSON lines on standard error.
import pino, { type Logger } from 'pino'
import type { Alarm } from '../ledger/alarm.ts'

export type Log = Logger

/** `level` is debug, info, warn, error or silent. A line is written when the call returns. */
export function openLog(level: string): Log {
  return pino({ level, base: null }, pino.destination({ dest: 2, sync: true }))
}

export function alarmOf(log: Log): Alarm {
  return (message, error) => log.error({ reason: reasonOf(error) }, message)
}

/** Returns what a log line may say about an error: its own text and those of its causes, never the text of a request. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.stack}; ${reasonOf(error.cause)}` : (error.stack ?? error.message)
}
