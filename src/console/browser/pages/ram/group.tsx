import { useParams } from 'react-router'
import { Page, Ready } from '../../parts/page.tsx'
import { TabLinks } from '../../parts/tab-links.tsx'
import { paths } from '../../service/paths.ts'
import { useReply } from '../../service/queries.ts'
import type { Group } from '../../service/replies/ram.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { Attachments } from './attachments.tsx'
import { useDeletion } from './deletion.tsx'
import { Members } from './memberships.tsx'
import { ramTexts } from './ram.texts.ts'

export default function GroupPage() {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const { name = '', tab = 'members' } = useParams()
  const deletion = useDeletion('Group', name, paths.groups)
  const group = useReply<{ Group: Group }>('Ram', 'GetGroup', { GroupName: name })
  return (
    <Page
      actions={deletion.button}
      crumbs={[{ label: common('nav.groups'), to: paths.groups }]}
      lead={group.data?.Group.Comments}
      name={name}
      title={name}
    >
      <Ready of={group}>
        {() => (
          <TabLinks
            at={tab}
            label={name}
            tabs={[
              { key: 'members', label: say('members'), content: () => <Members groupName={name} /> },
              {
                key: 'permissions',
                label: say('permissions'),
                content: () => <Attachments kind="Group" name={name} />,
              },
            ]}
            to={(next) => paths.group(name, next)}
          />
        )}
      </Ready>
      {deletion.dialog}
    </Page>
  )
}
