import { Confirm } from '../../parts/confirm.tsx'
import { call } from '../../service/call.ts'
import { isSymmetric } from '../../service/key-specs.ts'
import { useChange } from '../../service/queries.ts'
import type { KeyMetadata } from '../../service/replies/keys.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { Consequences, KeyName } from './consequences.tsx'
import { keyActionTexts } from './key-actions.texts.ts'
import { ProtectedSecrets, useProtectedSecrets } from './protected-secrets.tsx'
import { RecentUse, useRecentUse } from './recent-use.tsx'
import { ScheduleDeletion } from './schedule-deletion.tsx'
import { useWhyUnchangeable } from './service-key.ts'

export type KeyDialog = 'enable' | 'disable' | 'schedule' | 'cancel' | 'protect' | 'unprotect'

interface KeyAction {
  readonly dialog: KeyDialog
  readonly action: string
  readonly label: string
  /** Why the state of the key forbids it. */
  readonly because: string | false
}

/** The actions on a key. A disabled action shows the reason. */
export function useKeyActions(metadata: KeyMetadata): readonly KeyAction[] {
  const { KeyState, DeletionProtection } = metadata
  const unchangeable = useWhyUnchangeable(metadata)
  const say = useTexts(keyActionTexts)
  const common = useCommon()
  const not = (...states: readonly string[]) =>
    states.includes(KeyState) && say('is-state', { state: common(`state.${KeyState}`) })
  const isProtected = DeletionProtection === 'Enabled'
  const actions: readonly KeyAction[] = [
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
  return unchangeable ? actions.map((action) => ({ ...action, because: unchangeable })) : actions
}

interface Props {
  readonly dialog: KeyDialog
  readonly metadata: KeyMetadata
  readonly close: () => void
}

/** Shows the consequences of an action, and performs it after confirmation. */
export function KeyDialog({ dialog, metadata, close }: Props) {
  const say = useTexts(keyActionTexts)
  const change = useChange(({ operation, more }: { operation: string; more: object }, region) =>
    call('Kms', operation, region, { KeyId: metadata.KeyId, ...more }),
  )
  const run = (operation: string, more = {}) => change.mutateAsync({ operation, more })
  switch (dialog) {
    case 'schedule':
      return <ScheduleDeletion close={close} metadata={metadata} run={(window) => run('ScheduleKeyDeletion', window)} />
    case 'disable':
      return <DisableKey close={close} metadata={metadata} run={() => run('DisableKey')} />
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
          run={() => run('SetDeletionProtection', { EnableDeletionProtection: dialog === 'protect' })}
          title={say(dialog)}
          verb={say(dialog)}
        >
          <KeyName metadata={metadata} />
          <Consequences of={[say(`${dialog}.1`)]} />
        </Confirm>
      )
  }
}

interface DisableProps {
  readonly metadata: KeyMetadata
  readonly run: () => Promise<unknown>
  readonly close: () => void
}

function DisableKey({ metadata, run, close }: DisableProps) {
  const say = useTexts(keyActionTexts)
  const { KeyId, KeySpec, KeyUsage } = metadata
  const secrets = useProtectedSecrets(KeyId)
  const use = useRecentUse(KeyId)
  const stops = isSymmetric(KeySpec)
    ? [say('disable.1'), say('disable.2')]
    : [say(KeyUsage === 'SIGN/VERIFY' ? 'disable.sign' : 'disable.pair')]
  return (
    <Confirm close={close} danger run={run} title={say('disable')} verb={say('disable')}>
      <KeyName metadata={metadata} />
      <Consequences of={[...stops, say('disable.3')]} />
      <ProtectedSecrets of={secrets} />
      <RecentUse of={use} />
    </Confirm>
  )
}
