import { Input } from 'antd'
import { Link, useNavigate } from 'react-router'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { Page } from '../../parts/page.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { When } from '../../parts/when.tsx'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { useChange } from '../../service/queries.ts'
import type { Group, Paged } from '../../service/replies/ram.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { useCreation } from './creation.tsx'
import { MarkedList } from './marked-list.tsx'
import { ramTexts } from './ram.texts.ts'

interface NewGroup {
  readonly GroupName: string
  readonly Comments?: string
}

export default function GroupsPage() {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const navigate = useNavigate()
  const creation = useCreation('Group')
  const create = useChange((values: NewGroup, region) => call('Ram', 'CreateGroup', region, { ...values }))
  return (
    <Page actions={creation.button} lead={say('groups.lead')} name={common('nav.groups')} title={common('nav.groups')}>
      <MarkedList<Group, Paged & { Groups: { Group: Group[] } }>
        columns={[
          {
            title: say('group.name'),
            key: 'name',
            render: (_, { GroupName }) => <Link to={paths.group(GroupName)}>{GroupName}</Link>,
          },
          { title: say('note'), dataIndex: 'Comments' },
          { title: common('field.created'), dataIndex: 'CreateDate', render: (date: string) => <When date={date} /> },
        ]}
        next={creation.button}
        none={say('groups.none')}
        operation="ListGroups"
        rowKey={({ GroupName }) => GroupName}
        rows={({ Groups }) => Groups.Group}
      />
      {creation.isOpen && (
        <FormDialog<NewGroup>
          close={creation.close}
          done={(values) => void navigate(paths.group(values.GroupName))}
          of="Ram.CreateGroup"
          permission={creation.permission}
          run={(values) => create.mutateAsync(values)}
          title={say('Group.create')}
          verb={common('do.ok')}
        >
          <ParameterField label={say('group.name')} name="GroupName">
            <Input autoComplete="off" />
          </ParameterField>
          <ParameterField label={say('note')} name="Comments" />
        </FormDialog>
      )}
    </Page>
  )
}
