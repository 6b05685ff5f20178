import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { Do } from '../../parts/allowed.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { DeleteIcon, PlusIcon } from '../../parts/icons.tsx'
import { Mono } from '../../parts/mono.tsx'
import { Nothing, Ready, Section } from '../../parts/page.tsx'
import { aliasName } from '../../service/alias-name.ts'
import { useArns } from '../../service/arns.ts'
import { call } from '../../service/call.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange, useMay, type useReply } from '../../service/queries.ts'
import type { Aliases, KeyMetadata } from '../../service/replies/keys.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { keyTexts } from '../key.texts.ts'
import { AliasField } from './alias-field.tsx'
import { useWhyUnchangeable } from './service-key.ts'

export type AliasesReply = ReturnType<typeof useReply<Aliases>>

interface Props {
  readonly metadata: KeyMetadata
  readonly aliases: AliasesReply
}

/** The aliases of a key, which can be created, copied and deleted. */
export function AliasList({ metadata, aliases }: Props) {
  const say = useTexts(keyTexts)
  const common = useCommon()
  const arns = useArns()
  const [search, setSearch] = useSearchParams()
  const [deleted, setDeleted] = useState<string | null>(null)
  const unchangeable = useWhyUnchangeable(metadata)
  const action = 'kms:CreateAlias'
  const permission = usePermissions(metadata.Arn, [action])
  const names = aliases.data?.Aliases.Alias.map(({ AliasName }) => AliasName) ?? []
  const may = useMay(names.map((name) => ({ Action: 'kms:DeleteAlias', Resource: arns.kms(name) })))
  const create = useChange((typed: string, region) =>
    call('Kms', 'CreateAlias', region, { KeyId: metadata.KeyId, AliasName: aliasName(typed) }),
  )
  const remove = useChange((AliasName: string, region) => call('Kms', 'DeleteAlias', region, { AliasName }))
  return (
    <Section
      actions={
        <Do
          because={unchangeable}
          icon={<PlusIcon />}
          onClick={() => setSearch({ dialog: 'alias' })}
          permission={{ ...permission(action), resource: [metadata.Arn, arns.kms('alias/*')] }}
          size="small"
        >
          {say('alias.create')}
        </Do>
      }
      title={say('aliases')}
    >
      <Ready of={aliases}>
        {() =>
          names.length > 0 ? (
            <ul className="rows">
              {names.map((AliasName) => (
                <li key={AliasName}>
                  <Mono text={AliasName} />
                  <Do
                    because={unchangeable}
                    aria-label={`${say('alias.delete')} ${AliasName}`}
                    icon={<DeleteIcon />}
                    onClick={() => setDeleted(AliasName)}
                    permission={{
                      answer: may('kms:DeleteAlias', arns.kms(AliasName)),
                      action: 'kms:DeleteAlias',
                      resource: [metadata.Arn, arns.kms(AliasName)],
                    }}
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
        <FormDialog<{ AliasName: string }>
          close={() => setSearch({}, { replace: true })}
          of="Kms.CreateAlias"
          run={({ AliasName }) => create.mutateAsync(AliasName)}
          title={say('alias.create')}
          verb={common('do.ok')}
        >
          <AliasField needed />
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
