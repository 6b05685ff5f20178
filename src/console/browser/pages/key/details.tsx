import { Form, Input } from 'antd'
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { useRegion } from '../../frame/region.ts'
import { Do } from '../../parts/allowed.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { CheckIcon, CloseIcon, DeleteIcon, EditIcon, PlusIcon } from '../../parts/icons.tsx'
import { Mono } from '../../parts/mono.tsx'
import { Facts, Nothing, Ready, Section } from '../../parts/page.tsx'
import { KeyStateTag } from '../../parts/state.tsx'
import { When } from '../../parts/when.tsx'
import { useArns } from '../../service/arns.ts'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { useChange, useMay, useReply } from '../../service/queries.ts'
import type { Aliases, Events, KeyMetadata, KeyTags } from '../../service/replies.ts'
import { useCommon, useDates, useTexts } from '../../texts/language.tsx'
import { EventChart } from '../events/event-chart.tsx'
import { keyTexts } from '../key.texts.ts'
import { eventsOf } from './key-events.tsx'

type AliasesReply = ReturnType<typeof useReply<Aliases>>

export function Details({ metadata, aliases }: { readonly metadata: KeyMetadata; readonly aliases: AliasesReply }) {
  const say = useTexts(keyTexts)
  const common = useCommon()
  const isExternal = metadata.Origin === 'EXTERNAL'
  return (
    <div className="columns">
      <div>
        <Section title={say('details')}>
          <Facts
            of={[
              [say('id'), <Mono key="id" label={say('id')} text={metadata.KeyId} />],
              [say('arn'), <Mono key="arn" label={say('arn')} text={metadata.Arn} />],
              [common('field.state'), <KeyStateTag key="state" state={metadata.KeyState} />],
              [common('field.description'), <Description key="description" metadata={metadata} />],
              [say('level'), common(`level.${metadata.ProtectionLevel}`)],
              [say('origin'), common(`origin.${metadata.Origin}`)],
              [
                say('spec'),
                <code className="mono" key="spec">
                  {metadata.KeySpec}
                </code>,
              ],
              [
                say('purpose'),
                metadata.KeyUsage === 'ENCRYPT/DECRYPT' ? say('purpose.ENCRYPT/DECRYPT') : metadata.KeyUsage,
              ],
              [say('rotation'), common(`rotation.${metadata.AutomaticRotation}`)],
              [say('protection'), say(`protection.${metadata.DeletionProtection}`)],
              [say('expires'), isExternal ? <Expiry key="expires" metadata={metadata} /> : undefined],
              [say('delete.date'), metadata.DeleteDate ? <When date={metadata.DeleteDate} key="delete" /> : undefined],
              [
                say('creator'),
                <code className="mono" key="creator">
                  {metadata.Creator}
                </code>,
              ],
              [common('field.created'), <When date={metadata.CreationDate} key="created" />],
            ]}
          />
        </Section>
        <LastCalls keyId={metadata.KeyId} />
      </div>
      <div>
        <StateAllows metadata={metadata} />
        <AliasList aliases={aliases} metadata={metadata} />
        <TagList metadata={metadata} />
      </div>
    </div>
  )
}

export function Expiry({ metadata }: { readonly metadata: KeyMetadata }) {
  const say = useTexts(keyTexts)
  if (metadata.KeyState === 'PendingImport') return <span className="muted">–</span>
  return metadata.MaterialExpireTime ? <When date={metadata.MaterialExpireTime} /> : <span>{say('expires.never')}</span>
}

function Description({ metadata }: { readonly metadata: KeyMetadata }) {
  const say = useTexts(keyTexts)
  const common = useCommon()
  const [open, setOpen] = useState(false)
  const action = 'kms:UpdateKeyDescription'
  const may = useMay([{ Action: action, Resource: metadata.Arn }])
  const change = useChange((Description: string, region) =>
    call('Kms', 'UpdateKeyDescription', region, { KeyId: metadata.KeyId, Description }),
  )
  return (
    <>
      {metadata.Description || <span className="muted">{common('say.none')}</span>}{' '}
      <Do
        aria-label={say('edit.description')}
        icon={<EditIcon />}
        onClick={() => setOpen(true)}
        permission={{ answer: may(action, metadata.Arn), action, resource: metadata.Arn }}
        size="small"
        type="text"
      />
      {open && (
        <FormDialog<{ description?: string }>
          close={() => setOpen(false)}
          initial={{ description: metadata.Description }}
          run={({ description = '' }) => change.mutateAsync(description)}
          title={say('edit.description')}
          verb={common('do.save')}
        >
          <Form.Item label={common('field.description')} name="description">
            <Input.TextArea maxLength={8192} rows={4} />
          </Form.Item>
        </FormDialog>
      )}
    </>
  )
}

function StateAllows({ metadata: { KeyState, Origin, DeleteDate } }: { readonly metadata: KeyMetadata }) {
  const say = useTexts(keyTexts)
  const common = useCommon()
  const dates = useDates()
  const isOn = KeyState === 'Enabled'
  const rows = [
    ['allow.use', isOn],
    ['allow.rotate', isOn && Origin !== 'EXTERNAL'],
    ...(Origin === 'EXTERNAL' ? ([['allow.import', isOn || KeyState === 'PendingImport']] as const) : []),
    ['allow.delete', KeyState !== 'PendingDeletion'],
    ['allow.cancel', KeyState === 'PendingDeletion'],
  ] as const
  return (
    <Section title={say('allows')}>
      <ul className="allows">
        {rows.map(([text, can]) => (
          <li className={can ? 'yes' : 'no'} key={text}>
            {can ? <CheckIcon /> : <CloseIcon />} {say(text)}
            <span className="heard">{common(can ? 'say.can' : 'say.cannot')}</span>
          </li>
        ))}
      </ul>
      {KeyState !== 'Enabled' && (
        <p>{say(`why.${KeyState}`, KeyState === 'PendingDeletion' ? { date: dates.day(DeleteDate) } : {})}</p>
      )}
    </Section>
  )
}

function AliasList({ metadata, aliases }: { readonly metadata: KeyMetadata; readonly aliases: AliasesReply }) {
  const say = useTexts(keyTexts)
  const common = useCommon()
  const arns = useArns()
  const [search, setSearch] = useSearchParams()
  const [deleted, setDeleted] = useState<string | null>(null)
  const action = 'kms:CreateAlias'
  const may = useMay([{ Action: action, Resource: metadata.Arn }])
  const create = useChange((typed: string, region) =>
    call('Kms', 'CreateAlias', region, { KeyId: metadata.KeyId, AliasName: nameOf(typed) }),
  )
  const remove = useChange((AliasName: string, region) => call('Kms', 'DeleteAlias', region, { AliasName }))
  return (
    <Section
      actions={
        <Do
          icon={<PlusIcon />}
          onClick={() => setSearch({ dialog: 'alias' })}
          permission={{
            answer: may(action, metadata.Arn),
            action,
            resource: `${metadata.Arn}, ${arns.kms('alias/*')}`,
          }}
          size="small"
        >
          {say('alias.create')}
        </Do>
      }
      title={say('aliases')}
    >
      <Ready of={aliases}>
        {() =>
          aliases.data?.Aliases.Alias.length ? (
            <ul className="rows">
              {aliases.data.Aliases.Alias.map(({ AliasName }) => (
                <li key={AliasName}>
                  <Mono text={AliasName} />
                  <Do
                    aria-label={`${say('alias.delete')} ${AliasName}`}
                    icon={<DeleteIcon />}
                    onClick={() => setDeleted(AliasName)}
                    size="small"
                    type="text"
                  />
                </li>
              ))}
            </ul>
          ) : (
            <Nothing text={say('alias.none')} />
          )
        }
      </Ready>
      {search.get('dialog') === 'alias' && (
        <FormDialog<{ alias: string }>
          close={() => setSearch({}, { replace: true })}
          run={({ alias }) => create.mutateAsync(alias)}
          title={say('alias.create')}
          verb={common('do.ok')}
        >
          <Form.Item dependencies={['alias']} noStyle>
            {({ getFieldValue }) => (
              <Form.Item
                extra={
                  getFieldValue('alias')
                    ? say('alias.final', { name: nameOf(getFieldValue('alias')) })
                    : say('alias.rule')
                }
                label={say('alias.name')}
                name="alias"
                rules={[
                  { required: true },
                  { pattern: /^\s*(alias\/)?[A-Za-z0-9_/-]{1,255}\s*$/, message: say('alias.rule') },
                ]}
              >
                <Input autoComplete="off" autoFocus spellCheck={false} />
              </Form.Item>
            )}
          </Form.Item>
        </FormDialog>
      )}
      {deleted && (
        <Confirm
          close={() => setDeleted(null)}
          danger
          run={() => remove.mutateAsync(deleted)}
          title={say('alias.delete')}
          verb={common('do.delete')}
        >
          <p>{say('alias.gone', { name: deleted })}</p>
        </Confirm>
      )}
    </Section>
  )
}

function nameOf(typed: string): string {
  return `alias/${typed.trim().replace(/^alias\//, '')}`
}

function TagList({ metadata }: { readonly metadata: KeyMetadata }) {
  const say = useTexts(keyTexts)
  const common = useCommon()
  const [open, setOpen] = useState(false)
  const tags = useReply<KeyTags>('Kms', 'ListResourceTags', { KeyId: metadata.KeyId })
  const resource = metadata.Arn
  const may = useMay([
    { Action: 'kms:TagResource', Resource: resource },
    { Action: 'kms:UntagResource', Resource: resource },
  ])
  const add = useChange((tag: object, region) =>
    call('Kms', 'TagResource', region, { KeyId: metadata.KeyId, Tags: JSON.stringify([tag]) }),
  )
  const remove = useChange((TagKey: string, region) =>
    call('Kms', 'UntagResource', region, { KeyId: metadata.KeyId, TagKeys: JSON.stringify([TagKey]) }),
  )
  return (
    <Section
      actions={
        <Do
          icon={<PlusIcon />}
          onClick={() => setOpen(true)}
          permission={{ answer: may('kms:TagResource', resource), action: 'kms:TagResource', resource }}
          size="small"
        >
          {say('tag.add')}
        </Do>
      }
      title={say('tags')}
    >
      <Ready of={tags}>
        {() =>
          tags.data?.Tags.Tag.length ? (
            <ul className="rows">
              {tags.data.Tags.Tag.map(({ TagKey, TagValue }) => (
                <li key={TagKey}>
                  <span>
                    <code className="mono">{TagKey}</code> <span className="muted">=</span>{' '}
                    <code className="mono">{TagValue}</code>
                  </span>
                  <Do
                    aria-label={say('tag.remove', { name: TagKey })}
                    icon={<DeleteIcon />}
                    loading={remove.isPending && remove.variables === TagKey}
                    onClick={() => remove.mutate(TagKey)}
                    permission={{ answer: may('kms:UntagResource', resource), action: 'kms:UntagResource', resource }}
                    size="small"
                    type="text"
                  />
                </li>
              ))}
            </ul>
          ) : (
            <Nothing text={say('tag.none')} />
          )
        }
      </Ready>
      {open && (
        <FormDialog<{ key: string; value?: string }>
          close={() => setOpen(false)}
          run={({ key, value = '' }) => add.mutateAsync({ TagKey: key, TagValue: value })}
          title={say('tag.add')}
          verb={common('do.ok')}
        >
          <Form.Item label={say('tag.key')} name="key" rules={[{ required: true }]}>
            <Input autoFocus maxLength={128} />
          </Form.Item>
          <Form.Item label={say('tag.value')} name="value">
            <Input maxLength={256} />
          </Form.Item>
        </FormDialog>
      )}
    </Section>
  )
}

/** The calls of the last days at a glance; who may not look up events sees no chart. */
function LastCalls({ keyId }: { readonly keyId: string }) {
  const say = useTexts(keyTexts)
  const region = useRegion()
  const events = useReply<Events>('Actiontrail', 'LookupEvents', eventsOf(keyId))
  if (!events.data) return null
  return (
    <Section actions={<Link to={paths.key(region, keyId, 'events')}>{say('events')}</Link>} title={say('events.last')}>
      <EventChart events={events.data.Events} />
    </Section>
  )
}
