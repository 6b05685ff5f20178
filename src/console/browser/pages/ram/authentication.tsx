import { useState } from 'react'
import { Do } from '../../parts/allowed.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { Mono } from '../../parts/mono.tsx'
import { Facts, Nothing, Ready, Section } from '../../parts/page.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { useAccountPasswordRule } from '../../parts/password-rule.ts'
import { Badge } from '../../parts/state.tsx'
import { When } from '../../parts/when.tsx'
import { useArns } from '../../service/arns.ts'
import { call, Refusal } from '../../service/call.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange, useReply } from '../../service/queries.ts'
import { useSession } from '../../service/session.tsx'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { BindMfaDevice } from './bind-mfa-device.tsx'
import { ramTexts } from './ram.texts.ts'

interface LoginProfile {
  readonly PasswordResetRequired: boolean
  readonly MFABindRequired: boolean
  readonly CreateDate: string
}

interface Settings {
  readonly Password?: string
  readonly PasswordResetRequired?: boolean
  readonly MFABindRequired?: boolean
}

export function Authentication({ userName }: { readonly userName: string }) {
  return (
    <>
      <ConsoleLogon userName={userName} />
      <MfaDevice userName={userName} />
    </>
  )
}

function isMissing(error: Error | null): boolean {
  return error instanceof Refusal && error.code.startsWith('EntityNotExist')
}

function PasswordField({ isNew }: { readonly isNew: boolean }) {
  const say = useTexts(ramTexts)
  const rule = useAccountPasswordRule()
  const extra = [...(isNew ? [] : [say('password.keep')]), ...(rule ? [rule] : [])]
  return <ParameterField extra={extra.join(' ') || undefined} label={say('password')} name="Password" />
}

function ConsoleLogon({ userName }: { readonly userName: string }) {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const { AccountAlias, AccountId } = useSession()
  const [dialog, setDialog] = useState<'settings' | 'clear' | null>(null)
  const permission = usePermissions(useArns().ram(`user/${userName}`), [
    'ram:CreateLoginProfile',
    'ram:UpdateLoginProfile',
    'ram:DeleteLoginProfile',
  ])
  const reading = useReply<{ LoginProfile: LoginProfile }>('Ram', 'GetLoginProfile', { UserName: userName })
  const isOff = isMissing(reading.error)
  const profile = isOff ? undefined : reading.data?.LoginProfile
  const save = useChange(({ Password, ...rest }: Settings, region) =>
    call('Ram', isOff ? 'CreateLoginProfile' : 'UpdateLoginProfile', region, {
      UserName: userName,
      Password: Password || undefined,
      PasswordResetRequired: rest.PasswordResetRequired === true,
      MFABindRequired: rest.MFABindRequired === true,
    }),
  )
  const clear = useChange((_: undefined, region) => call('Ram', 'DeleteLoginProfile', region, { UserName: userName }))
  const yes = (value: boolean) => say(value ? 'yes' : 'no')
  return (
    <Section
      actions={
        <>
          <Do
            loading={reading.isPending}
            onClick={() => setDialog('settings')}
            permission={permission(isOff ? 'ram:CreateLoginProfile' : 'ram:UpdateLoginProfile')}
            size="small"
          >
            {say(isOff ? 'console.enable' : 'console.modify')}
          </Do>
          {profile && (
            <Do
              danger
              onClick={() => setDialog('clear')}
              permission={permission('ram:DeleteLoginProfile')}
              size="small"
            >
              {say('console.clear')}
            </Do>
          )}
        </>
      }
      title={say('console.title')}
    >
      {isOff ? (
        <Nothing text={say('console.off')} />
      ) : (
        <Ready of={reading}>
          {() =>
            profile && (
              <Facts
                of={[
                  [
                    common('field.state'),
                    <Badge key="on" tone="good">
                      {say('console.on')}
                    </Badge>,
                  ],
                  [say('console.name'), <Mono key="name" text={`${userName}@${AccountAlias || AccountId}`} />],
                  [say('password.reset'), yes(profile.PasswordResetRequired)],
                  [say('mfa.required'), yes(profile.MFABindRequired)],
                  [common('field.created'), <When date={profile.CreateDate} key="created" />],
                ]}
              />
            )
          }
        </Ready>
      )}
      {dialog === 'settings' && (
        <FormDialog<Settings>
          close={() => setDialog(null)}
          initial={
            profile
              ? { PasswordResetRequired: profile.PasswordResetRequired, MFABindRequired: profile.MFABindRequired }
              : { PasswordResetRequired: true }
          }
          of={isOff ? 'Ram.CreateLoginProfile' : 'Ram.UpdateLoginProfile'}
          run={(values) => save.mutateAsync(values)}
          title={say(isOff ? 'console.enable' : 'console.modify')}
          verb={common('do.ok')}
        >
          <PasswordField isNew={isOff} />
          <ParameterField label={say('password.reset')} name="PasswordResetRequired" />
          <ParameterField label={say('mfa.required')} name="MFABindRequired" />
        </FormDialog>
      )}
      {dialog === 'clear' && (
        <Confirm
          close={() => setDialog(null)}
          danger
          run={() => clear.mutateAsync(undefined)}
          title={say('console.clear')}
          verb={say('console.clear')}
        >
          <p>{say('console.clear.text', { name: userName })}</p>
        </Confirm>
      )}
    </Section>
  )
}

export function MfaDevice({ userName }: { readonly userName: string }) {
  const say = useTexts(ramTexts)
  const [open, setOpen] = useState(false)
  const [binding, setBinding] = useState(false)
  const permission = usePermissions(useArns().ram(`user/${userName}`), ['ram:BindMFADevice', 'ram:UnbindMFADevice'])
  const device = useReply<{ MFADevice?: { SerialNumber?: string } }>('Ram', 'GetUserMFAInfo', { UserName: userName })
  const serial = isMissing(device.error) ? undefined : device.data?.MFADevice?.SerialNumber
  const unbind = useChange((_: undefined, region) => call('Ram', 'UnbindMFADevice', region, { UserName: userName }))
  return (
    <Section
      actions={
        serial ? (
          <Do danger onClick={() => setOpen(true)} permission={permission('ram:UnbindMFADevice')} size="small">
            {say('mfa.unbind')}
          </Do>
        ) : (
          <Do
            loading={device.isPending}
            onClick={() => setBinding(true)}
            permission={permission('ram:BindMFADevice')}
            size="small"
          >
            {say('mfa.enable')}
          </Do>
        )
      }
      title={say('mfa.title')}
    >
      {isMissing(device.error) ? (
        <Nothing text={say('mfa.none')} />
      ) : (
        <Ready of={device}>
          {() =>
            serial ? (
              <Facts of={[[say('mfa.bound'), <Mono key="serial" text={serial} />]]} />
            ) : (
              <Nothing text={say('mfa.none')} />
            )
          }
        </Ready>
      )}
      {binding && <BindMfaDevice close={() => setBinding(false)} userName={userName} />}
      {open && (
        <Confirm
          close={() => setOpen(false)}
          danger
          run={() => unbind.mutateAsync(undefined)}
          title={say('mfa.unbind')}
          verb={say('mfa.unbind')}
        >
          <p>{say('mfa.unbind.text', { name: userName })}</p>
        </Confirm>
      )}
    </Section>
  )
}
