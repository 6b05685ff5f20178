import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Button } from 'antd'
import { useState } from 'react'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { useRegion } from '../frame/region.ts'
import { Do } from '../parts/allowed.tsx'
import { DropMenu } from '../parts/drop-menu.tsx'
import { MoreIcon, PlusIcon } from '../parts/icons.tsx'
import { Listing } from '../parts/listing.tsx'
import { Copy } from '../parts/mono.tsx'
import { Nothing, Page } from '../parts/page.tsx'
import { Refused } from '../parts/refused.tsx'
import { KeyStateTag } from '../parts/state.tsx'
import { When } from '../parts/when.tsx'
import { useArns } from '../service/arns.ts'
import { paths } from '../service/paths.ts'
import { type May, useMay } from '../service/queries.ts'
import { useCommon, useTexts } from '../texts/language.tsx'
import { findKeys, type KeyPage, type KeyRow, PAGE_SIZE, type Wanted } from './find-keys.ts'
import { KeyDialog, useKeyActions } from './key/key-actions.tsx'
import { allowedOf, useFilterLacks } from './keys/filter-rights.ts'
import { KeyFilters } from './keys/key-filters.tsx'
import { keysTexts } from './keys.texts.ts'

/** One call, with at most 100 questions, checks the permissions for the menus of all rows. */
const LISTED_ACTIONS = ['kms:EnableKey', 'kms:DisableKey', 'kms:ScheduleKeyDeletion', 'kms:SetDeletionProtection']

export default function KeysPage() {
  const say = useTexts(keysTexts)
  const common = useCommon()
  const region = useRegion()
  const arns = useArns()
  const navigate = useNavigate()
  const [search, setSearch] = useSearchParams()
  const asked: Wanted = {
    state: search.get('state') ?? '',
    level: search.get('level') ?? '',
    origin: search.get('origin') ?? '',
    creator: search.get('creator') ?? '',
    text: search.get('q') ?? '',
    tag: search.get('tag') ?? '',
    page: Math.max(1, Number(search.get('page')) || 1),
  }
  const lacks = useFilterLacks()
  const allowed = allowedOf(asked, lacks)
  const wanted = allowed ?? asked
  const change = (next: Readonly<Record<string, string>>) => {
    const all = new URLSearchParams(search)
    all.delete('page')
    for (const [name, value] of Object.entries(next)) {
      if (value === '') all.delete(name)
      else all.set(name, value)
    }
    setSearch(all, { replace: true })
  }
  const keys = useQuery<KeyPage>({
    queryKey: [region, 'keys', wanted],
    queryFn: ({ signal }) => findKeys(region, wanted, signal),
    enabled: allowed !== null,
    placeholderData: keepPreviousData,
  })
  const create = { Action: 'kms:CreateKey', Resource: arns.kms('key') }
  const rows = keys.data?.rows ?? []
  const may = useMay([
    create,
    ...rows.flatMap(({ Arn }) => LISTED_ACTIONS.map((Action) => ({ Action, Resource: Arn }))),
  ])
  const { page: _, ...filters } = wanted
  const isFiltered = Object.values(filters).some((filter) => filter !== '')
  const createButton = (
    <Do
      icon={<PlusIcon />}
      onClick={() => void navigate(paths.newKey(region))}
      permission={{ answer: may(create.Action, create.Resource), action: create.Action, resource: create.Resource }}
      type="primary"
    >
      {say('create')}
    </Do>
  )
  return (
    <Page lead={say('lead')} name={common('nav.keys')} title={common('nav.keys')}>
      <div className="filters">
        {createButton}
        <KeyFilters change={change} lacks={lacks} wanted={wanted} />
      </div>
      <Refused again={() => void keys.refetch()} error={keys.error} />
      {!keys.error && (
        <div className="panel">
          <Listing<KeyRow>
            columns={[
              { title: say('key'), key: 'key', render: (_, row) => <KeyCell region={region} row={row} /> },
              { title: common('field.state'), key: 'state', render: (_, row) => <KeyStateTag state={row.KeyState} /> },
              { title: say('level'), key: 'level', render: (_, row) => common(`level.${row.ProtectionLevel}`) },
              { title: say('origin'), key: 'origin', render: (_, row) => common(`origin.${row.Origin}`) },
              {
                title: say('rotation'),
                key: 'rotation',
                render: (_, row) => common(`rotation.${row.AutomaticRotation}`),
              },
              { title: say('created'), key: 'created', render: (_, row) => <When date={row.CreationDate} dayOnly /> },
              { title: common('do.actions'), key: 'actions', render: (_, row) => <Actions may={may} row={row} /> },
            ]}
            dataSource={[...rows]}
            loading={keys.isFetching && keys.isPlaceholderData ? true : keys.isPending}
            locale={{
              emptyText: keys.isPending ? (
                common('say.loading')
              ) : isFiltered ? (
                <Nothing text={say('none-found')}>
                  <Button onClick={() => setSearch({})}>{say('clear')}</Button>
                </Nothing>
              ) : (
                <Nothing text={say('empty')}>{createButton}</Nothing>
              ),
            }}
            pagination={{
              current: wanted.page,
              hideOnSinglePage: false,
              onChange: (page) => {
                const all = new URLSearchParams(search)
                all.set('page', String(page))
                setSearch(all)
              },
              pageSize: PAGE_SIZE,
              showSizeChanger: false,
              showTotal: (count) => say('total', { count }),
              size: 'small',
              total: keys.data?.total ?? 0,
            }}
            rowKey="KeyId"
          />
        </div>
      )}
    </Page>
  )
}

function KeyCell({ row, region }: { readonly row: KeyRow; readonly region: string }) {
  const say = useTexts(keysTexts)
  const [first, ...more] = row.aliases
  const to = paths.key(region, row.KeyId)
  return (
    <div className="key-cell">
      {first === undefined ? (
        <Link className="muted" to={`${to}?dialog=alias`}>
          {say('create-alias')}
        </Link>
      ) : (
        <span>
          <Link className="name" to={to}>
            {first}
          </Link>{' '}
          {more.length > 0 && <span className="muted">{say('more-aliases', { count: more.length })}</span>}
        </span>
      )}
      <span className="mono-line">
        <Link className="mono" to={to}>
          {row.KeyId}
        </Link>
        <Copy label={row.KeyId} text={row.KeyId} />
      </span>
      {row.Description && <span className="resource muted">{row.Description}</span>}
    </div>
  )
}

function Actions({ row, may }: { readonly row: KeyRow; readonly may: May }) {
  const say = useTexts(keysTexts)
  const common = useCommon()
  const [dialog, setDialog] = useState<KeyDialog | null>(null)
  const actions = useKeyActions(row)
  const name = row.aliases[0] ?? row.KeyId
  return (
    <span className="row-actions">
      <DropMenu
        items={actions.map(({ dialog: key, action, label, because }) => {
          const why = because || (!may(action, row.Arn).Allowed && common('refused.short', { action }))
          return {
            key,
            label: why ? (
              <span>
                {label} <small>{why}</small>
              </span>
            ) : (
              label
            ),
            disabled: Boolean(why),
            onClick: () => setDialog(key),
          }
        })}
      >
        <Button aria-label={say('actions', { name })} icon={<MoreIcon />} size="small" type="text" />
      </DropMenu>
      {dialog && <KeyDialog close={() => setDialog(null)} dialog={dialog} metadata={row} />}
    </span>
  )
}
