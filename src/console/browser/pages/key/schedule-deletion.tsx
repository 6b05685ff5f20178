import { Alert, InputNumber } from 'antd'
import { useState } from 'react'
import { Confirm } from '../../parts/confirm.tsx'
import { useReply } from '../../service/queries.ts'
import type { Aliases, KeyMetadata } from '../../service/replies.ts'
import { useDates, useTexts } from '../../texts/language.tsx'
import { Consequences, KeyName } from './consequences.tsx'
import { keyActionTexts } from './key-actions.texts.ts'
import { RecentUse, useRecentUse } from './recent-use.tsx'

const DAY_MS = 86_400_000
const DEFAULT_DAYS = 30

interface Props {
  readonly metadata: KeyMetadata
  readonly run: (days: number) => Promise<unknown>
  readonly close: () => void
}

/** Schedules a deletion. A key that was used lately has its name typed before. */
export function ScheduleDeletion({ metadata, run, close }: Props) {
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
