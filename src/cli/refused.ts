// What the command line prints about a refused call.
import type { Answered } from './ask.ts'
import type { Surroundings } from './surroundings.ts'
import { oneLine } from './terminal-text.ts'

/** Prints why the call was refused; returns the exit code. */
export function refused(answer: Answered['answer'], around: Surroundings): number {
  for (const line of refusal(answer)) around.complain(line)
  return 1
}

/** Why the call was refused, as lines. */
export function refusal(answer: Answered['answer']): readonly string[] {
  const detail = answer['AccessDeniedDetail']
  const lines = [
    `${answer['Code']}: ${answer['Message']} (RequestId ${answer['RequestId']})`,
    ...(detail ? [denied(detail as Record<string, unknown>)] : []),
  ]
  // The message names what the call named: a line break in it would look like a line of its own.
  return lines.map(oneLine)
}

/** The principal, the denied action, and the kind of policies that denied it. */
function denied(detail: Record<string, unknown>): string {
  const of = (name: string) => String(detail[name] ?? '')
  const who = `${of('AuthPrincipalType')} ${of('AuthPrincipalDisplayName')}`
  return `${of('AuthAction')} for ${who}: ${of('NoPermissionType')} by ${of('PolicyType')} policies`
}
