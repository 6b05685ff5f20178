import { useQuery } from '@tanstack/react-query'
import { Select } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { useRegion } from '../../frame/region.ts'
import { Ready, Section } from '../../parts/page.tsx'
import { request } from '../../service/call.ts'
import { isSymmetric } from '../../service/key-specs.ts'
import { noteCall, shellWord } from '../../service/noted-calls.ts'
import { paths } from '../../service/paths.ts'
import type { KeyMetadata } from '../../service/replies/keys.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { keyTexts } from '../key.texts.ts'

const USES = {
  symmetric: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey'],
  'SIGN/VERIFY': ['kms:AsymmetricSign', 'kms:AsymmetricVerify', 'kms:GetPublicKey', 'kms:CreateKeyVersion'],
  'ENCRYPT/DECRYPT': ['kms:AsymmetricDecrypt', 'kms:AsymmetricEncrypt', 'kms:GetPublicKey', 'kms:CreateKeyVersion'],
} as const
const ACTIONS = ['kms:DescribeKey', 'kms:DisableKey', 'kms:ScheduleKeyDeletion']
const ACTIONS_ON_MATERIAL = ['kms:ImportKeyMaterial', 'kms:DeleteKeyMaterial']

/** The actions in the table; those that use the key come first. */
function actionsOn({ KeySpec, KeyUsage, Origin }: KeyMetadata): readonly string[] {
  const uses = USES[isSymmetric(KeySpec) ? 'symmetric' : KeyUsage]
  return [...uses, ...ACTIONS, ...(Origin === 'EXTERNAL' ? ACTIONS_ON_MATERIAL : [])]
}

interface WhoCanReply {
  /** The ARNs of the principals. */
  readonly Principals: readonly string[]
  readonly Warnings: readonly string[]
}

/** Shows which principals may perform which actions on a resource. The simulator gives the reasons for each. */
export function WhoCan({ metadata }: { readonly metadata: KeyMetadata }) {
  const { Arn: arn } = metadata
  const actions = actionsOn(metadata)
  const say = useTexts(keyTexts)
  const region = useRegion()
  const [action, setAction] = useState(actions[0] ?? '')
  const who = useQuery<WhoCanReply>({
    queryKey: [region, 'who-can', action, arn],
    queryFn: async ({ signal }) => {
      const began = performance.now()
      const asked = { Action: action, Resource: arn, Region: region }
      const reply = await request<WhoCanReply>('POST', 'api/who-can', asked, signal)
      const line = `strongroom ram who-can --action ${action} --resource ${shellWord(arn)}`
      noteCall({ name: 'who-can', line, status: 200, ms: performance.now() - began })
      return reply
    },
    retry: false,
  })
  return (
    <Section
      actions={
        <Select
          aria-label={say('who.action')}
          onChange={setAction}
          options={actions.map((value) => ({ value, label: value }))}
          popupMatchSelectWidth={false}
          value={action}
        />
      }
      title={say('access')}
    >
      <Ready of={who}>
        {() => (
          <>
            <ul className="rows">
              {who.data?.Principals.map((principal) => (
                <li key={principal}>
                  <Principal arn={principal} />
                  <Why action={action} arn={arn} principal={principal} />
                </li>
              ))}
            </ul>
            {who.data?.Warnings.map((warning) => (
              <p className="muted" key={warning}>
                {warning}
              </p>
            ))}
          </>
        )}
      </Ready>
    </Section>
  )
}

/** The kind and name of a principal, such as user/anna; null for the account itself. */
function principalOf(arn: string): readonly [kind: string, name: string] | null {
  const [, kind = '', name = ''] = /^acs:ram::\d+:(user|role)\/(.+)$/.exec(arn) ?? []
  return kind ? [kind, name] : null
}

function Principal({ arn }: { readonly arn: string }) {
  const common = useCommon()
  const [kind, name = ''] = principalOf(arn) ?? []
  if (!kind) return <span>{common('frame.root')}</span>
  return (
    <span>
      <code className="mono muted">{kind}/</code>
      <Link to={kind === 'user' ? paths.user(name, 'permissions') : paths.role(name, 'permissions')}>{name}</Link>
    </span>
  )
}

function Why({
  principal,
  action,
  arn,
}: {
  readonly principal: string
  readonly action: string
  readonly arn: string
}) {
  const say = useTexts(keyTexts)
  const named = principalOf(principal)?.join('/')
  if (!named) return <span className="muted">{say('who.account')}</span>
  return (
    <Link to={`${paths.simulator}?${new URLSearchParams({ principal: named, action, resource: arn })}`}>
      {say('who.why')}
    </Link>
  )
}
