import { Skeleton } from 'antd'
import { useState } from 'react'
import { When } from '../../parts/when.tsx'
import { useReply } from '../../service/queries.ts'
import type { Events, TrailEvent } from '../../service/replies/trail.ts'
import { lastSeconds } from '../../service/time.ts'
import { useTexts } from '../../texts/language.tsx'
import { keyActionTexts } from './key-actions.texts.ts'

const USES = new Set([
  'Encrypt',
  'Decrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncrypt',
  'ExportDataKey',
  'GenerateAndExportDataKey',
  'AsymmetricSign',
  'AsymmetricVerify',
  'AsymmetricEncrypt',
  'AsymmetricDecrypt',
  'GetPublicKey',
  'GetSecretValue',
])

/** The successful uses of a key among its newest events of the last 90 days. */
export function useRecentUse(keyId: string): {
  readonly isPending: boolean
  readonly error: Error | null
  readonly uses: readonly TrailEvent[]
  readonly last: TrailEvent | undefined
} {
  const [[StartTime, EndTime]] = useState(() => lastSeconds(89 * 86_400))
  const { data, isPending, error } = useReply<Events>('Actiontrail', 'LookupEvents', {
    LookupAttribute: JSON.stringify([{ Key: 'ResourceName', Value: keyId }]),
    MaxResults: 50,
    StartTime,
    EndTime,
  })
  const uses = (data?.Events ?? []).filter(({ eventName, errorCode }) => USES.has(eventName) && !errorCode)
  return { isPending, error, uses, last: uses[0] }
}

/** The latest callers of the key, each caller and operation once. */
export function RecentUse({ of: { isPending, error, uses } }: { readonly of: ReturnType<typeof useRecentUse> }) {
  const say = useTexts(keyActionTexts)
  if (isPending) return <Skeleton active paragraph={{ rows: 1 }} title={false} />
  const newest = new Map(uses.toReversed().map((event) => [`${userOf(event)} ${event.eventName}`, event]))
  return (
    <section aria-label={say('use')}>
      <strong>{say('use')}</strong>
      {error ? (
        <p>{say('use.unknown')}</p>
      ) : uses.length === 0 ? (
        <p>{say('use.none')}</p>
      ) : (
        <ul className="consequences">
          {[...newest].slice(-5).map(([key, event]) => (
            <li key={key}>
              {say('use.last', { operation: event.eventName, user: userOf(event) })},{' '}
              <When ago date={event.eventTime} />
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function userOf({ userIdentity }: TrailEvent): string {
  return userIdentity?.userName ?? userIdentity?.type ?? '?'
}
