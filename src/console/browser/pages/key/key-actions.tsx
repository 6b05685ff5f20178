import { Alert, InputNumber, Skeleton } from 'antd'
import { type ReactNode, useState } from 'react'
import { Confirm } from '../../parts/confirm.tsx'
import { When } from '../../parts/when.tsx'
import { call } from '../../service/call.ts'
import { useChange, useReply } from '../../service/queries.ts'
import type { Aliases, Events, KeyMetadata, TrailEvent } from '../../service/replies.ts'
import { lastSeconds } from '../../service/time.ts'
import { useCommon, useDates, useTexts } from '../../texts/language.tsx'
import { keyActionTexts } from './key-actions.texts.ts'

export type KeyDialog = 'enable' | 'disable' | 'schedule' | 'cancel' | 'protect' | 'unprotect'

export interface KeyAction {
  readonly dialog: KeyDialog
  readonly action: string
  readonly label: string
  /** Why the state of the key forbids it. */
  readonly because: string | false
}

/** What can be done with a key, and why not. */
export function useKeyActions({ KeyState, DeletionProtection }: KeyMetadata): readonly KeyAction[] {
  const say = useTexts(keyActionTexts)
  const common = useCommon()
  const not = (...states: readonly string[]) =>
    states.includes(KeyState) && say('is-state', { state: common(`state.${KeyState}`) })
  const isProtected = DeletionProtection === 'Enabled'
  return [
    KeyState === 'Disabled'
      ? { dialog: 'enable', action: 'kms:EnableKey', label: say('enable'), because: false }
      : {
          dialog: 'disable',
          action: 'kms:DisableKey',
          label: say('disable'),
          because: not('PendingDeletion', 'PendingImport'),
        },
    KeyState === 'PendingDeletion'
      ? { dialog: 'cancel', action: 'kms:CancelKeyDeletion', label: say('cancel'), because: false }
      : {
          dialog: 'schedule',
          action: 'kms:ScheduleKeyDeletion',
          label: say('schedule'),
          because: isProtected && say('is-protected'),
        },
    {
      dialog: isProtected ? 'unprotect' : 'protect',
      action: 'kms:SetDeletionProtection',
      label: say(isProtected ? 'unprotect' : 'protect'),
      because: not('PendingDeletion'),
    },
  ]
}

interface Props {
  readonly dialog: KeyDialog
  readonly metadata: KeyMetadata
  readonly close: () => void
}

/** Says in words what follows, then does it. */
export function KeyDialog({ dialog, metadata, close }: Props) {
  const say = useTexts(keyActionTexts)
  const id = { KeyId: metadata.KeyId }
  const change = useChange(({ operation, more = {} }: { operation: string; more?: object }, region) =>
    call('Kms', operation, region, { ...id, ...more }),
  )
  const run = (operation: string, more = {}) => change.mutateAsync({ operation, more })
  switch (dialog) {
    case 'schedule':
      return (
        <Schedule
          close={close}
          metadata={metadata}
          run={(days) => run('ScheduleKeyDeletion', { PendingWindowInDays: days })}
        />
      )
    case 'disable':
      return (
        <Confirm close={close} danger run={() => run('DisableKey')} title={say('disable')} verb={say('disable')}>
          <KeyName metadata={metadata} />
          <Consequences of={[say('disable.1'), say('disable.2'), say('disable.3')]} />
          <RecentUse keyId={metadata.KeyId} />
        </Confirm>
      )
    case 'enable':
      return (
        <Confirm close={close} run={() => run('EnableKey')} title={say('enable')} verb={say('enable')}>
          <KeyName metadata={metadata} />
          <Consequences of={[say('enable.1')]} />
        </Confirm>
      )
    case 'cancel':
      return (
        <Confirm close={close} run={() => run('CancelKeyDeletion')} title={say('cancel')} verb={say('cancel')}>
          <KeyName metadata={metadata} />
          <Consequences of={[say('cancel.1')]} />
        </Confirm>
      )
    case 'protect':
    case 'unprotect':
      return (
        <Confirm
          close={close}
          run={() =>
            change.mutateAsync({
              operation: 'SetDeletionProtection',
              more: { EnableDeletionProtection: dialog === 'protect' },
            })
          }
          title={say(dialog)}
          verb={say(dialog)}
        >
          <KeyName metadata={metadata} />
          <Consequences of={[say(`${dialog}.1`)]} />
        </Confirm>
      )
  }
}

function KeyName({ metadata }: { readonly metadata: KeyMetadata }) {
  return (
    <p>
      <code className="mono">{metadata.KeyId}</code>
      {metadata.Description && <span className="muted"> {metadata.Description}</span>}
    </p>
  )
}

function Consequences({ of }: { readonly of: readonly ReactNode[] }) {
  return (
    <ul className="consequences">
      {of.map((one) => (
        <li key={String(one)}>{one}</li>
      ))}
    </ul>
  )
}

const DAY_MS = 86_400_000
const DEFAULT_DAYS = 30

function Schedule({
  metadata,
  run,
  close,
}: {
  readonly metadata: KeyMetadata
  readonly run: (days: number) => Promise<unknown>
  readonly close: () => void
}) {
  const say = useTexts(keyActionTexts)
  const dates = useDates()
  const [days, setDays] = useState(DEFAULT_DAYS)
  const aliases = useReply<Aliases>('Kms', 'ListAliasesByKeyId', { KeyId: metadata.KeyId })
  const use = useRecentUse(metadata.KeyId)
  const names = aliases.data?.Aliases.Alias.map(({ AliasName }) => AliasName) ?? []
  const wasUsed = use.last !== undefined && Date.now() - Date.parse(use.last.eventTime) < 30 * DAY_MS
  return (
    <Confirm
      close={close}
      danger
      ready={!use.isPending && !aliases.isPending}
      retype={wasUsed ? (names[0] ?? metadata.KeyId.slice(-4)) : undefined}
      run={() => run(days)}
      title={say('schedule')}
      verb={say('schedule')}
    >
      <KeyName metadata={metadata} />
      <div className="retype">
        <label htmlFor="days">{say('days')}</label>
        <InputNumber
          id="days"
          max={30}
          min={7}
          onChange={(value) => setDays(value ?? DEFAULT_DAYS)}
          precision={0}
          value={days}
        />
      </div>
      <Consequences
        of={[
          say('schedule.1'),
          say('schedule.2', { date: dates.day(new Date(Date.now() + days * DAY_MS)) }),
          ...(names.length > 0 ? [say('schedule.3', { count: names.length, names: names.join(', ') })] : []),
          say('schedule.4'),
        ]}
      />
      <RecentUse keyId={metadata.KeyId} />
      <Alert title={say('schedule.instead')} type="info" />
    </Confirm>
  )
}

const USES = new Set([
  'Encrypt',
  'Decrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncrypt',
  'ExportDataKey',
  'GenerateAndExportDataKey',
])

/** The successful uses of a key in the trail, of its newest events in 90 days. */
function useRecentUse(keyId: string): {
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

/** Who used the key last, each caller and operation once. */
function RecentUse({ keyId }: { readonly keyId: string }) {
  const say = useTexts(keyActionTexts)
  const { isPending, error, uses } = useRecentUse(keyId)
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
