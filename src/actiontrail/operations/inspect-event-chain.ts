import { locateAnyResource } from '../../api/locate.ts'
import type { Reply } from '../../api/operation.ts'
import { isoSeconds } from '../../api/time.ts'
import { headIn, named } from '../../ledger/chain.ts'
import { floorsNow } from '../../ledger/floor.ts'
import { eventsUpTo, type Heads, laneEnd } from '../../storage/lane.ts'
import { headsOf } from '../audit/checkpoint.ts'
import { lastCheckpoint } from '../audit/checkpoint-chain.ts'
import { VERIFICATION, VERIFICATION_SCOPE, type VerificationBody } from '../audit/verification.ts'
import { type ActionTrailContext, operation } from '../operation.ts'
import { filled, timeOf } from '../trails/replies.ts'

/** A checkpoint is due within a minute of an event. When this much has passed, something keeps the server from signing one. */
const LATE_MS = 300_000
const ELSEWHERE = 'The fault is not at an event of this account: the operator of this installation can see where it is.'

export const InspectEventChain = operation({
  name: 'InspectEventChain',
  summary:
    'Returns the length of the chain of events of this installation, the time of its last signature, and the state of the last verification that the account requested. Not in the cloud.',
  parameters: {},
  access: 'Read',
  trail: { show: [], reply: [] },
  refusals: [],
  locate: locateAnyResource,
  async decide(_, context) {
    const { ledger, now, caller, ofOperator } = context
    const [checkpoint, heads] = [await lastCheckpoint(ledger), await ledger.heads()]
    const unsignedMs = await unsignedFor(context, heads, checkpoint ? headsOf(checkpoint) : await floorsNow(ledger))
    const last = await ledger.get(VERIFICATION, VERIFICATION_SCOPE, caller.accountId)
    const isLate = unsignedMs > LATE_MS
    const reply: Reply = {
      ...(ofOperator && { Events: eventsUpTo(heads) }),
      ...(ofOperator && checkpoint && { Checkpoint: { Events: checkpoint.seq, Time: isoSeconds(checkpoint.at) } }),
      ...((ofOperator || isLate) && { CheckpointLagSeconds: Math.floor(unsignedMs / 1000) }),
      CheckpointLate: isLate,
      ...(last && { Verification: verificationShown(last.body, now, ofOperator) }),
    }
    return { reply, changes: [] }
  },
})

/** The age in milliseconds of the oldest event after the `signed` heads; 0 where there is none. */
async function unsignedFor({ ledger, now }: ActionTrailContext, heads: Heads, signed: Heads): Promise<number> {
  let since = now
  for (const lane of heads.keys()) {
    const [oldest] = await ledger.events.after(headIn(signed, lane).seq, 1, laneEnd(lane))
    if (oldest) since = Math.min(since, oldest.at)
  }
  return now - since
}

function verificationShown(body: VerificationBody, now: number, ofOperator: boolean): Reply {
  const { state, from, to, askedAt, startedAt, endedAt, seen, total, fault, confirmed } = body
  return {
    State: state,
    ...filled({
      StartTime: timeOf(from),
      EndTime: timeOf(to),
      AskedAt: timeOf(askedAt),
      StartedAt: timeOf(startedAt),
      EndedAt: timeOf(endedAt),
    }),
    Seconds: startedAt === null ? 0 : Math.max(0, Math.round(((endedAt ?? now) - startedAt) / 1000)),
    Percent: total === 0 ? 0 : Math.min(100, Math.floor((100 * seen) / total)),
    ...(ofOperator && { SeenEvents: seen, TotalEvents: total }),
    ...(fault && { ...(ofOperator && { ConfirmedEvents: confirmed }), Fault: faultShown(fault, ofOperator) }),
  }
}

/**
 * An event's number reveals how many events all accounts have. So accounts other than the operator's see only the numbers of their own
 * events.
 */
function faultShown({ kind, seq, message, own }: VerificationBody['fault'] & object, ofOperator: boolean): Reply {
  if (!ofOperator && !own) return { Kind: kind, Message: ELSEWHERE }
  return filled({ Kind: kind, Event: seq > 0 ? named(seq) : '', Message: message })
}
