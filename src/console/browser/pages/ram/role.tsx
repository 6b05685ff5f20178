import { useState } from 'react'
import { useParams } from 'react-router'
import { Do } from '../../parts/allowed.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { Mono } from '../../parts/mono.tsx'
import { OperationForm, UnplacedRefusal } from '../../parts/operation-form.tsx'
import { Facts, Page, Ready, Section } from '../../parts/page.tsx'
import { ParameterField, ParameterItem } from '../../parts/parameter-field.tsx'
import { TabLinks } from '../../parts/tab-links.tsx'
import { When } from '../../parts/when.tsx'
import { useArns } from '../../service/arns.ts'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange, useReply } from '../../service/queries.ts'
import type { Role } from '../../service/replies/ram.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { Attachments } from './attachments.tsx'
import { useDeletion } from './deletion.tsx'
import { PolicyEditor, pretty, useChecked } from './policy-editor.tsx'
import { ramTexts } from './ram.texts.ts'

export default function RolePage() {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const { name = '', tab = 'details' } = useParams()
  const deletion = useDeletion('Role', name, paths.roles)
  const reading = useReply<{ Role: Role }>('Ram', 'GetRole', { RoleName: name })
  const role = reading.data?.Role
  return (
    <Page
      actions={deletion.button}
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
                  content: () => <Basics role={role} />,
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
      {deletion.dialog}
    </Page>
  )
}

interface Edited {
  readonly NewDescription: string
  readonly NewMaxSessionDuration: number
}

function Basics({ role }: { readonly role: Role }) {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const [isEdited, setEdited] = useState(false)
  const permission = usePermissions(useArns().ram(`role/${role.RoleName}`), ['ram:UpdateRole'])
  const save = useChange((values: Edited, region) =>
    call('Ram', 'UpdateRole', region, { RoleName: role.RoleName, ...values }),
  )
  return (
    <Section
      actions={
        <Do onClick={() => setEdited(true)} permission={permission('ram:UpdateRole')} size="small">
          {common('do.edit')}
        </Do>
      }
      title={say('details')}
    >
      <Facts
        of={[
          [say('arn'), <Mono key="arn" label={say('arn')} text={role.Arn} />],
          [say('session.duration'), String(role.MaxSessionDuration)],
          [common('field.created'), <When date={role.CreateDate} key="created" />],
        ]}
      />
      {isEdited && (
        <FormDialog<Edited>
          close={() => setEdited(false)}
          initial={{ NewDescription: role.Description, NewMaxSessionDuration: role.MaxSessionDuration }}
          of="Ram.UpdateRole"
          run={(values) => save.mutateAsync(values)}
          title={say('Role.edit')}
          verb={common('do.ok')}
        >
          <ParameterField label={say('note')} name="NewDescription" />
          <ParameterField label={say('session.duration')} name="NewMaxSessionDuration" needed />
        </FormDialog>
      )}
    </Section>
  )
}

function Trust({ role }: { readonly role: Role }) {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const [text, setText] = useState(() => pretty(role.AssumeRolePolicyDocument ?? ''))
  const checked = useChecked(text, 'trust')
  const same = text === pretty(role.AssumeRolePolicyDocument ?? '')
  const permission = usePermissions(useArns().ram(`role/${role.RoleName}`), ['ram:UpdateRole'])
  const save = useChange((NewAssumeRolePolicyDocument: string, region) =>
    call('Ram', 'UpdateRole', region, { RoleName: role.RoleName, NewAssumeRolePolicyDocument }),
  )
  return (
    <Section
      actions={
        <Do
          because={same ? say('editor.unchanged') : !checked.isValid && say('editor.invalid')}
          loading={save.isPending}
          onClick={() => save.mutate(text)}
          permission={permission('ram:UpdateRole')}
          type="primary"
        >
          {common('do.save')}
        </Do>
      }
      title={say('trust.policy')}
    >
      <OperationForm error={save.error} of="Ram.UpdateRole" onFinish={() => save.mutate(text)}>
        <ParameterItem name="NewAssumeRolePolicyDocument" value={text}>
          <PolicyEditor checked={checked} label={say('trust.policy')} onChange={setText} value={text} />
        </ParameterItem>
        <UnplacedRefusal />
      </OperationForm>
    </Section>
  )
}
