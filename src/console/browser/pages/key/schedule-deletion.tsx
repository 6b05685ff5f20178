import { Alert, Form } from 'antd'
import { Confirm } from '../../parts/confirm.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { useReply } from '../../service/queries.ts'
import type { Aliases, KeyMetadata } from '../../service/replies/keys.ts'
import { useDates, useTexts } from '../../texts/language.tsx'
import { Consequences, KeyName } from './consequences.tsx'
import { keyActionTexts } from './key-actions.texts.ts'
import { ProtectedSecrets, useProtectedSecrets } from './protected-secrets.tsx'
import { RecentUse, useRecentUse } from './recent-use.tsx'

const DAY_MS = 86_400_000

interface Window {
  readonly PendingWindowInDays: number
}

interface Props {
  readonly metadata: KeyMetadata
  readonly run: (values: Window) => Promise<unknown>
  readonly close: () => void
}

/** Schedules a deletion. For a key that was used recently, or may have been, the reader must type its name first. */
export function ScheduleDeletion({ metadata, run, close }: Props) {
  const say = useTexts(keyActionTexts)
  const aliases = useReply<Aliases>('Kms', 'ListAliasesByKeyId', { KeyId: metadata.KeyId })
  const use = useRecentUse(metadata.KeyId)
  const secrets = useProtectedSecrets(metadata.KeyId)
  const names = aliases.data?.Aliases.Alias.map(({ AliasName }) => AliasName) ?? []
  const wasUsed = use.last !== undefined && Date.now() - Date.parse(use.last.eventTime) < 30 * DAY_MS
  const mayBeUsed = wasUsed || use.error !== null
  return (
    <Confirm<Window>
      close={close}
      danger
      of="Kms.ScheduleKeyDeletion"
      ready={!use.isPending && !aliases.isPending && !secrets.isPending}
      retype={mayBeUsed ? (names[0] ?? metadata.KeyId.slice(-4)) : undefined}
      run={run}
      title={say('schedule')}
      verb={say('schedule')}
    >
      <KeyName metadata={metadata} />
      <ParameterField
        label={({ Min: min = 0, Max: max = 0 }) => say('days', { min, max })}
        name="PendingWindowInDays"
        needed
      />
      <WhatFollows metadata={metadata} names={names} />
      <ProtectedSecrets of={secrets} />
      <RecentUse of={use} />
      <Alert title={say('schedule.instead')} type="info" />
    </Confirm>
  )
}

/** The consequences, with the date from the form. */
function WhatFollows({ metadata, names }: { readonly metadata: KeyMetadata; readonly names: readonly string[] }) {
  const say = useTexts(keyActionTexts)
  const dates = useDates()
  const days: number = Form.useWatch('PendingWindowInDays') ?? 0
  return (
    <Consequences
      of={[
        say('schedule.1'),
        say(metadata.KeyUsage === 'SIGN/VERIFY' ? 'schedule.sign' : 'schedule.2', {
          date: dates.day(new Date(Date.now() + days * DAY_MS)),
        }),
        ...(names.length > 0 ? [say('schedule.3', { count: names.length, names: names.join(', ') })] : []),
        say('schedule.4'),
      ]}
    />
  )
}
