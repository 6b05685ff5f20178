import { Alert, Progress } from 'antd'
import type { Dayjs } from 'dayjs'
import { useState } from 'react'
import { Do, type Permission, Unseen } from '../../parts/allowed.tsx'
import { CopyBox } from '../../parts/copy-box.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { MomentField } from '../../parts/moment-field.tsx'
import { Facts, Ready, Section } from '../../parts/page.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { Refused } from '../../parts/refused.tsx'
import { When } from '../../parts/when.tsx'
import { call } from '../../service/call.ts'
import { usePermissions } from '../../service/permissions.ts'
import { isUnderWay, useChange, useEventChain, useMayAsked } from '../../service/queries.ts'
import type { EventChain, Verification } from '../../service/replies/trail.ts'
import { utcSeconds } from '../../service/time.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { verificationTexts } from './verification.texts.ts'

const VERIFY = 'strongroom audit verify'
const [INSPECT, START, CANCEL] = [
  'actiontrail:InspectEventChain',
  'actiontrail:StartEventVerification',
  'actiontrail:CancelEventVerification',
] as const

/** The verification of the trail: the last verdict, the progress of a running verification, and the buttons that start and cancel one. */
export function VerificationSection() {
  const say = useTexts(verificationTexts)
  const [asking, setAsking] = useState(false)
  const permission = usePermissions('*', [START, CANCEL])
  const may = useMayAsked([{ Action: INSPECT, Resource: '*' }])
  const inspect = may && { answer: may(INSPECT, '*'), action: INSPECT, resource: '*' }
  const chain = useEventChain(inspect?.answer.Allowed === true)
  const cancel = useChange<void>((_, region) => call('Actiontrail', 'CancelEventVerification', region))
  const isOpen = isUnderWay(chain.data?.Verification)
  const button = isOpen ? (
    <Do loading={cancel.isPending} onClick={() => cancel.mutate()} permission={permission(CANCEL)}>
      {say('cancel')}
    </Do>
  ) : (
    <Do onClick={() => setAsking(true)} permission={permission(START)}>
      {say('start')}
    </Do>
  )
  return (
    <Section actions={button} title={say('title')}>
      <p>{say('lead')}</p>
      <Refused error={cancel.error} />
      {inspect && !inspect.answer.Allowed ? (
        <Unseen permission={inspect} />
      ) : (
        <Ready of={chain}>{() => chain.data && <Chain chain={chain.data} />}</Ready>
      )}
      <p>{say('command')}</p>
      <CopyBox label={VERIFY} text={VERIFY} />
      {asking && <Asking close={() => setAsking(false)} permission={permission(START)} />}
    </Section>
  )
}

function Chain({ chain: { Events, Checkpoint, CheckpointLate, Verification } }: { readonly chain: EventChain }) {
  const say = useTexts(verificationTexts)
  return (
    <>
      {Events !== undefined && (
        <Facts
          of={[
            [say('events'), say('count', { count: Events })],
            [say('checkpoint'), <When date={Checkpoint?.Time} key="checkpoint" />],
          ]}
        />
      )}
      {CheckpointLate && <Alert showIcon title={say('late')} type="warning" />}
      {Verification ? <State verification={Verification} /> : <p className="muted">{say('never')}</p>}
    </>
  )
}

function State({ verification }: { readonly verification: Verification }) {
  const say = useTexts(verificationTexts)
  const { State: state, SeenEvents, TotalEvents, StartTime, EndTime, EndedAt, Seconds, Percent } = verification
  const far =
    SeenEvents === undefined || TotalEvents === undefined
      ? say('running.far', { percent: Percent, seconds: Seconds })
      : say('running', { seen: SeenEvents, total: TotalEvents, seconds: Seconds })
  return (
    <>
      {isUnderWay(verification) && (
        <div aria-live="polite" className="verification">
          <Progress aria-label={say('progress')} percent={Percent} status="active" />
          <p>{state === 'Waiting' ? say('waiting') : far}</p>
        </div>
      )}
      <Verdict verification={verification} />
      <Facts
        of={[
          [say('period'), StartTime || EndTime ? <Period key="period" verification={verification} /> : say('all')],
          [say('ended'), EndedAt && <When date={EndedAt} key="ended" />],
        ]}
      />
    </>
  )
}

function Period({ verification: { StartTime, EndTime } }: { readonly verification: Verification }) {
  return (
    <>
      {StartTime ? <When date={StartTime} /> : '…'} – {EndTime ? <When date={EndTime} /> : '…'}
    </>
  )
}

function Verdict({ verification }: { readonly verification: Verification }) {
  const say = useTexts(verificationTexts)
  const { State: state, SeenEvents: count, ConfirmedEvents, Fault } = verification
  const isCounted = count !== undefined
  if (state === 'Intact')
    return <Alert showIcon title={isCounted ? say('intact', { count }) : say('intact.all')} type="success" />
  if (state === 'Canceled')
    return <Alert showIcon title={isCounted ? say('canceled', { count }) : say('canceled.before')} type="info" />
  if (state === 'Failed') return <Alert showIcon title={say('failed')} type="warning" />
  if (!Fault) return null
  return (
    <Alert
      description={
        <>
          <p>{say(`fault.${Fault.Kind}`)}</p>
          <p>
            <code className="mono">{Fault.Message}</code>
          </p>
          {ConfirmedEvents !== undefined && <p>{say('fault.before', { count: ConfirmedEvents })}</p>}
          <p>{say('fault.next')}</p>
        </>
      }
      role="alert"
      showIcon
      title={Fault.Event ? say('broken.at', { event: Fault.Event }) : say('broken')}
      type="error"
    />
  )
}

interface Asked {
  readonly StartTime?: Dayjs | null
  readonly EndTime?: Dayjs | null
}

function Asking({ close, permission }: { readonly close: () => void; readonly permission: Permission }) {
  const say = useTexts(verificationTexts)
  const common = useCommon()
  const start = useChange(({ StartTime, EndTime }: Asked, region) =>
    call('Actiontrail', 'StartEventVerification', region, {
      StartTime: StartTime ? utcSeconds(StartTime.toDate()) : undefined,
      EndTime: EndTime ? utcSeconds(EndTime.toDate()) : undefined,
    }),
  )
  return (
    <FormDialog<Asked>
      close={close}
      of="Actiontrail.StartEventVerification"
      permission={permission}
      run={(values) => start.mutateAsync(values)}
      title={say('start')}
      verb={common('do.ok')}
    >
      <p>{say('bounds')}</p>
      <ParameterField extra={say('from.rule')} label={say('from')} name="StartTime">
        <MomentField />
      </ParameterField>
      <ParameterField extra={say('to.rule')} label={say('to')} name="EndTime">
        <MomentField />
      </ParameterField>
    </FormDialog>
  )
}
