import { Button } from 'antd'
import { useState } from 'react'
import { useNavigate, useParams } from 'react-router'
import { Do } from '../../parts/allowed.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Mono } from '../../parts/mono.tsx'
import { Facts, Page, Ready, Section } from '../../parts/page.tsx'
import { Refused } from '../../parts/refused.tsx'
import { TabLinks } from '../../parts/tab-links.tsx'
import { When } from '../../parts/when.tsx'
import { useArns } from '../../service/arns.ts'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange, useReply } from '../../service/queries.ts'
import type { Role } from '../../service/replies.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { Attachments } from './attachments.tsx'
import { PolicyEditor, pretty, useChecked } from './policy-editor.tsx'
import { ramTexts } from './ram.texts.ts'

export default function RolePage() {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const navigate = useNavigate()
  const { name = '', tab = 'details' } = useParams()
  const [deleting, setDeleting] = useState(false)
  const permission = usePermissions(useArns().ram(`role/${name}`), ['ram:DeleteRole'])
  const reading = useReply<{ Role: Role }>('Ram', 'GetRole', { RoleName: name })
  const remove = useChange((_: undefined, region) => call('Ram', 'DeleteRole', region, { RoleName: name }))
  const role = reading.data?.Role
  return (
    <Page
      actions={
        <Do danger onClick={() => setDeleting(true)} permission={permission('ram:DeleteRole')}>
          {say('role.delete')}
        </Do>
      }
      crumbs={[{ label: common('nav.roles'), to: paths.roles }]}
      lead={role?.Description}
      name={name}
      title={name}
    >
      <Ready of={reading}>
        {() =>
          role && (
            <TabLinks
              at={tab}
              label={name}
              tabs={[
                {
                  key: 'details',
                  label: say('details'),
                  content: () => (
                    <Section title={say('details')}>
                      <Facts
                        of={[
                          [say('arn'), <Mono key="arn" label={say('arn')} text={role.Arn} />],
                          [say('session.duration'), String(role.MaxSessionDuration)],
                          [common('field.created'), <When date={role.CreateDate} key="created" />],
                        ]}
                      />
                    </Section>
                  ),
                },
                {
                  key: 'permissions',
                  label: say('permissions'),
                  content: () => <Attachments kind="Role" name={name} />,
                },
                { key: 'trust', label: say('trust.policy'), content: () => <Trust role={role} /> },
              ]}
              to={(next) => paths.role(name, next)}
            />
          )
        }
      </Ready>
      {deleting && (
        <Confirm
          close={() => setDeleting(false)}
          danger
          retype={name}
          run={async () => {
            await remove.mutateAsync(undefined)
            void navigate(paths.roles)
          }}
          title={say('role.delete')}
          verb={say('role.delete')}
        >
          <p>{say('role.delete.text', { name })}</p>
        </Confirm>
      )}
    </Page>
  )
}

function Trust({ role }: { readonly role: Role }) {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const [text, setText] = useState(() => pretty(role.AssumeRolePolicyDocument ?? ''))
  const checked = useChecked(text, 'trust')
  const save = useChange((NewAssumeRolePolicyDocument: string, region) =>
    call('Ram', 'UpdateRole', region, { RoleName: role.RoleName, NewAssumeRolePolicyDocument }),
  )
  return (
    <Section
      actions={
        <Button
          disabled={!checked.isValid || text === pretty(role.AssumeRolePolicyDocument ?? '')}
          loading={save.isPending}
          onClick={() => save.mutate(text)}
          type="primary"
        >
          {common('do.save')}
        </Button>
      }
      title={say('trust.policy')}
    >
      <PolicyEditor checked={checked} label={say('trust.policy')} onChange={setText} value={text} />
      <Refused error={save.error} />
    </Section>
  )
}
