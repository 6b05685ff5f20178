import { Form, Input } from 'antd'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { Do } from '../../parts/allowed.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { PlusIcon } from '../../parts/icons.tsx'
import { Page } from '../../parts/page.tsx'
import { When } from '../../parts/when.tsx'
import { useArns } from '../../service/arns.ts'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { useChange, useMay } from '../../service/queries.ts'
import type { Group, Paged } from '../../service/replies.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { MarkedList } from './marked-list.tsx'
import { ramTexts } from './ram.texts.ts'

interface NewGroup {
  readonly GroupName: string
  readonly Comments?: string
}

export default function GroupsPage() {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const arns = useArns()
  const navigate = useNavigate()
  const [search, setSearch] = useSearchParams()
  const action = 'ram:CreateGroup'
  const resource = arns.ram('group/*')
  const may = useMay([{ Action: action, Resource: resource }])
  const create = useChange((values: NewGroup, region) => call('Ram', 'CreateGroup', region, { ...values }))
  const button = (
    <Do
      icon={<PlusIcon />}
      onClick={() => setSearch({ dialog: 'create' })}
      permission={{ answer: may(action, resource), action, resource }}
      type="primary"
    >
      {say('group.create')}
    </Do>
  )
  return (
    <Page actions={button} lead={say('groups.lead')} name={common('nav.groups')} title={common('nav.groups')}>
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
        next={button}
        none={say('groups.none')}
        operation="ListGroups"
        rowKey={({ GroupName }) => GroupName}
        rows={({ Groups }) => Groups.Group}
      />
      {search.get('dialog') === 'create' && (
        <FormDialog<NewGroup>
          close={() => setSearch({}, { replace: true })}
          done={(values) => void navigate(paths.group(values.GroupName))}
          run={(values) => create.mutateAsync(values)}
          title={say('group.create')}
          verb={common('do.ok')}
        >
          <Form.Item label={say('group.name')} name="GroupName" rules={[{ required: true }]}>
            <Input autoComplete="off" autoFocus />
          </Form.Item>
          <Form.Item label={say('note')} name="Comments">
            <Input maxLength={128} />
          </Form.Item>
        </FormDialog>
      )}
    </Page>
  )
}
