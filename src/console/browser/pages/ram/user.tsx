import { useState } from 'react'
import { Link, useParams } from 'react-router'
import { Do } from '../../parts/allowed.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { Facts, Page, Ready, Section } from '../../parts/page.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { TabLinks } from '../../parts/tab-links.tsx'
import { When } from '../../parts/when.tsx'
import { useArns } from '../../service/arns.ts'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange, useReply } from '../../service/queries.ts'
import type { User } from '../../service/replies/ram.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { AccessKeys } from './access-keys.tsx'
import { Attachments } from './attachments.tsx'
import { Authentication } from './authentication.tsx'
import { useDeletion } from './deletion.tsx'
import { UserGroups } from './memberships.tsx'
import { ramTexts } from './ram.texts.ts'

export default function UserPage() {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const { name = '', tab = 'details' } = useParams()
  const deletion = useDeletion('User', name, paths.users)
  const user = useReply<{ User: User }>('Ram', 'GetUser', { UserName: name })
  return (
    <Page
      actions={deletion.button}
      crumbs={[{ label: common('nav.users'), to: paths.users }]}
      lead={user.data?.User.DisplayName}
      name={name}
      title={name}
    >
      <Ready of={user}>
        {() =>
          user.data && (
            <TabLinks
              at={tab}
              label={name}
              tabs={[
                { key: 'details', label: say('details'), content: () => <Basics user={user.data.User} /> },
                {
                  key: 'authentication',
                  label: say('authentication'),
                  content: () => <Authentication userName={name} />,
                },
                { key: 'accesskeys', label: say('accesskeys'), content: () => <AccessKeys userName={name} /> },
                { key: 'groups', label: say('groups'), content: () => <UserGroups userName={name} /> },
                {
                  key: 'permissions',
                  label: say('permissions'),
                  content: () => <Attachments kind="User" name={name} />,
                },
              ]}
              to={(next) => paths.user(name, next)}
            />
          )
        }
      </Ready>
      {deletion.dialog}
    </Page>
  )
}

interface Edited {
  readonly NewDisplayName?: string
  readonly NewComments?: string
  readonly NewEmail?: string
  readonly NewMobilePhone?: string
}

function Basics({ user }: { readonly user: User }) {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const [open, setOpen] = useState(false)
  const permission = usePermissions(useArns().ram(`user/${user.UserName}`), ['ram:UpdateUser'])
  const change = useChange((values: Edited, region) =>
    call('Ram', 'UpdateUser', region, { UserName: user.UserName, ...values }),
  )
  return (
    <Section
      actions={
        <Do onClick={() => setOpen(true)} permission={permission('ram:UpdateUser')} size="small">
          {common('do.edit')}
        </Do>
      }
      title={say('details')}
    >
      <Facts
        of={[
          [say('logon.name'), user.UserName],
          [say('display.name'), user.DisplayName || <span className="muted">{common('say.none')}</span>],
          [
            say('uid'),
            <code className="mono" key="uid">
              {user.UserId}
            </code>,
          ],
          [say('note'), user.Comments || undefined],
          [say('email'), user.Email || undefined],
          [say('mobile'), user.MobilePhone || undefined],
          [common('field.created'), <When date={user.CreateDate} key="created" />],
          [say('last.login'), <When date={user.LastLoginDate} key="login" />],
        ]}
      />
      {!user.LastLoginDate && <NextSteps name={user.UserName} />}
      {open && (
        <FormDialog<Edited>
          close={() => setOpen(false)}
          initial={{
            NewDisplayName: user.DisplayName,
            NewComments: user.Comments,
            NewEmail: user.Email,
            NewMobilePhone: user.MobilePhone,
          }}
          of="Ram.UpdateUser"
          run={(values) => change.mutateAsync(values)}
          title={say('user.edit')}
          verb={common('do.save')}
        >
          <ParameterField label={say('display.name')} name="NewDisplayName" />
          <ParameterField label={say('note')} name="NewComments" />
          <ParameterField label={say('email')} name="NewEmail" />
          <ParameterField label={say('mobile')} name="NewMobilePhone" />
        </FormDialog>
      )}
    </Section>
  )
}

/** The next steps for a new user. */
function NextSteps({ name }: { readonly name: string }) {
  const say = useTexts(ramTexts)
  const steps = [
    ['user.next.person', 'authentication'],
    ['user.next.program', 'accesskeys'],
    ['user.next.rights', 'permissions'],
  ] as const
  return (
    <>
      <h3>{say('user.next')}</h3>
      <ul className="consequences">
        {steps.map(([text, tab]) => (
          <li key={tab}>
            <Link to={paths.user(name, tab)}>{say(text)}</Link>
          </li>
        ))}
      </ul>
    </>
  )
}
