// The log: JSON lines on standard error.
import pino, { type Logger, type LoggerOptions } from 'pino'
import type { Alarm } from '../ledger/alarm.ts'

export type Log = Logger

/**
 * The most bytes of one text in a line. It keeps the line below 4 KiB, so that the lines of several processes do not mix in a pipe
 * (PIPE_BUF).
 */
const MOST_BYTES = 3000
const CUT = ' ... (cut)'

/** pino's number of the level `error`. */
const ERROR_LEVEL = 50

let errors = 0

/** How many lines of level error this process has written, on all of its logs. */
export function errorsLogged(): number {
  return errors
}

/** `level` is debug, info, warn, error or silent. A line is on the descriptor when the call returns. */
export function openLog(level: string): Log {
  const hooks: LoggerOptions['hooks'] = {
    logMethod(line, write, lineLevel) {
      if (lineLevel >= ERROR_LEVEL) errors++
      write.apply(this, line)
    },
  }
  return pino({ level, base: null, formatters: { log: bounded }, hooks }, pino.destination({ dest: 2, sync: true }))
}

function bounded(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? cut(value) : value]),
  )
}

function cut(text: string): string {
  const bytes = (kept: string) => Buffer.byteLength(JSON.stringify(kept))
  if (bytes(text) <= MOST_BYTES) return text
  let kept = text.slice(0, MOST_BYTES)
  while (bytes(kept) > MOST_BYTES - CUT.length) kept = kept.slice(0, Math.floor(kept.length * 0.9))
  return kept + CUT
}

export function alarmOf(log: Log): Alarm {
  return (message, error) => log.error({ reason: reasonOf(error) }, message)
}

/** What a log line says about an error: its stack and those of its causes, never the text of a request. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.stack}; ${reasonOf(error.cause)}` : (error.stack ?? error.message)
}
