// Why policies denied the call of an event, and what would allow it.
import { Link } from 'react-router'
import { CopyBox } from '../../parts/copy-box.tsx'
import { paths } from '../../service/paths.ts'
import type { Denial, TrailEvent } from '../../service/replies/trail.ts'
import { useTexts } from '../../texts/language.tsx'
import { eventTexts } from '../events.texts.ts'

/** Why policies denied the call; nothing if they did not. */
export function Denied({ event }: { readonly event: TrailEvent }) {
  const say = useTexts(eventTexts)
  const detail = event.additionalEventData?.AccessDeniedDetail
  if (!detail) return null
  const { AuthAction: action, AuthResource: resource, PolicyType: decided } = detail
  // The simulator knows no session policies.
  const principal = decided === 'SessionPolicy' ? null : principalOf(event)
  return (
    <>
      {detail.NoPermissionType === 'ExplicitDeny' ? <DenyingStatement detail={detail} /> : <Missing detail={detail} />}
      {principal && (
        <p>
          <Link to={`${paths.simulator}?${new URLSearchParams({ principal, action, resource })}`}>
            {say('explain')}
          </Link>
        </p>
      )}
    </>
  )
}

interface DenialProps {
  readonly detail: Denial
}

/** The statement that denies the call. */
function DenyingStatement({ detail }: DenialProps) {
  const say = useTexts(eventTexts)
  const { AuthAction: action, AuthResource: resource, PolicyType: decided, StatementIndex: index } = detail
  const { PolicyName: policy = '', PolicyVersion: version = '' } = detail
  if (index === undefined) return <p>{say('denied', { action, resource })}</p>
  const place = { action, resource, statement: `Statement[${index}]` }
  if (decided === 'TrustPolicy') return <p>{say('denied.by.trust', place)}</p>
  if (decided === 'SessionPolicy') return <p>{say('denied.by.session', place)}</p>
  return <p>{say('denied.by', { ...place, policy, version })}</p>
}

/** The policies that do not allow the call; for those of the caller, a statement that would. */
function Missing({ detail }: DenialProps) {
  const say = useTexts(eventTexts)
  const { AuthAction: action, AuthResource: resource, PolicyType: decided } = detail
  if (decided === 'TrustPolicy') return <p>{say('missing.trust', { action, resource })}</p>
  if (decided === 'SessionPolicy') return <p>{say('missing.session', { action })}</p>
  return (
    <>
      <p>{say('missing', { action })}</p>
      <CopyBox
        label={say('statement')}
        text={JSON.stringify({ Effect: 'Allow', Action: action, Resource: resource })}
      />
    </>
  )
}

/** The principal for the simulator; null for a caller that it does not support, such as a user of another account. */
function principalOf({ userIdentity, recipientAccountId }: TrailEvent): string | null {
  const { type, userName, accountId } = userIdentity ?? {}
  if (!userName || accountId !== recipientAccountId) return null
  if (type === 'assumed-role') return `role/${userName.split(':')[0]}`
  return type === 'ram-user' ? `user/${userName}` : null
}
