import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Button } from 'antd'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { useRegion } from '../frame/region.ts'
import { Do } from '../parts/allowed.tsx'
import { PlusIcon } from '../parts/icons.tsx'
import { Listing } from '../parts/listing.tsx'
import { Nothing, Page } from '../parts/page.tsx'
import { Refused } from '../parts/refused.tsx'
import { TypedFilter } from '../parts/typed-filter.tsx'
import { When } from '../parts/when.tsx'
import { useArns } from '../service/arns.ts'
import { call } from '../service/call.ts'
import { paths } from '../service/paths.ts'
import { useMay } from '../service/queries.ts'
import type { ListedSecret, Secrets } from '../service/replies/secrets.ts'
import { useCommon, useTexts } from '../texts/language.tsx'
import { kindTexts } from './secret/kinds.texts.ts'
import { secretsTexts } from './secrets.texts.ts'

const PAGE_SIZE = 20

/** The filters of ListSecrets for a part of a text, and a tag as `key` or `key=value`. */
function filtersOf(text: string, tag: string): string | undefined {
  const [tagKey = '', ...value] = tag.split('=')
  const wanted = Object.entries({
    Search: text.replace(/^acs:kms:[^:]*:[^:]*:secret\//, ''),
    TagKey: tagKey.trim(),
    TagValue: value.join('=').trim(),
  }).flatMap(([Key, one]) => (one === '' ? [] : [{ Key, Values: [one] }]))
  return wanted.length > 0 ? JSON.stringify(wanted) : undefined
}

export default function SecretsPage() {
  const say = useTexts(secretsTexts)
  const kind = useTexts(kindTexts)
  const common = useCommon()
  const region = useRegion()
  const arns = useArns()
  const navigate = useNavigate()
  const [search, setSearch] = useSearchParams()
  const [text, tag] = [search.get('q') ?? '', search.get('tag') ?? '']
  const page = Math.max(1, Number(search.get('page')) || 1)
  const create = { Action: 'kms:CreateSecret', Resource: arns.kms('secret') }
  // A search of descriptions needs permission to read them.
  const describe = { Action: 'kms:DescribeSecret', Resource: arns.kms('secret/*') }
  const may = useMay([create, describe])
  const change = (next: Readonly<Record<string, string>>) => {
    const all = new URLSearchParams(search)
    if (!('page' in next)) all.delete('page')
    for (const [name, value] of Object.entries(next)) {
      if (value === '') all.delete(name)
      else all.set(name, value)
    }
    setSearch(all, { replace: !('page' in next) })
  }
  const parameters = { PageNumber: page, PageSize: PAGE_SIZE, FetchTags: true, Filters: filtersOf(text, tag) }
  const secrets = useQuery<Secrets>({
    queryKey: [region, 'Kms', 'ListSecrets', parameters],
    queryFn: ({ signal }) => call<Secrets>('Kms', 'ListSecrets', region, parameters, signal),
    placeholderData: keepPreviousData,
  })
  const permissionOf = ({ Action, Resource }: typeof create) => ({
    answer: may(Action, Resource),
    action: Action,
    resource: Resource,
  })
  const maySearch = permissionOf(describe)
  const createButton = (
    <Do
      icon={<PlusIcon />}
      onClick={() => void navigate(paths.newSecret(region))}
      permission={permissionOf(create)}
      type="primary"
    >
      {say('create')}
    </Do>
  )
  return (
    <Page lead={say('lead')} name={common('nav.secrets')} title={common('nav.secrets')}>
      <div className="filters">
        {createButton}
        <TypedFilter
          className="search"
          label={say('search')}
          lack={maySearch.answer.Allowed ? undefined : maySearch}
          onChange={(q) => change({ q })}
          value={text}
        />
        <TypedFilter label={say('tag')} onChange={(wanted) => change({ tag: wanted })} value={tag} />
      </div>
      <Refused again={() => void secrets.refetch()} error={secrets.error} />
      {!secrets.error && (
        <div className="panel">
          <Listing<ListedSecret>
            columns={[
              {
                title: say('name'),
                dataIndex: 'SecretName',
                render: (name: string) => (
                  <Link className="name" to={paths.secret(region, name)}>
                    {name}
                  </Link>
                ),
              },
              {
                title: say('type'),
                dataIndex: 'SecretType',
                render: (type: ListedSecret['SecretType']) => kind(`kind.${type}`),
              },
              {
                title: common('field.tags'),
                key: 'tags',
                render: (_, { Tags }) => Tags?.Tag.map(({ TagKey, TagValue }) => `${TagKey}=${TagValue}`).join(', '),
              },
              { title: say('updated'), dataIndex: 'UpdateTime', render: (date: string) => <When date={date} /> },
              {
                title: say('deletion'),
                dataIndex: 'PlannedDeleteTime',
                render: (date?: string) => (date ? <When date={date} /> : common('say.none')),
              },
            ]}
            dataSource={[...(secrets.data?.SecretList.Secret ?? [])]}
            loading={secrets.isFetching && secrets.isPlaceholderData ? true : secrets.isPending}
            locale={{
              emptyText: secrets.isPending ? (
                common('say.loading')
              ) : text || tag ? (
                <Nothing text={say('none-found')}>
                  <Button onClick={() => setSearch({})}>{say('clear')}</Button>
                </Nothing>
              ) : (
                <Nothing text={say('empty')}>{createButton}</Nothing>
              ),
            }}
            pagination={{
              current: page,
              hideOnSinglePage: false,
              onChange: (next) => change({ page: String(next) }),
              pageSize: PAGE_SIZE,
              showSizeChanger: false,
              showTotal: (count) => say('total', { count }),
              size: 'small',
              total: secrets.data?.TotalCount ?? 0,
            }}
            rowKey="SecretName"
          />
        </div>
      )}
    </Page>
  )
}
