import { useState } from 'react'
import { Do } from '../../parts/allowed.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { PlusIcon } from '../../parts/icons.tsx'
import { call } from '../../service/call.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange } from '../../service/queries.ts'
import type { KeyMetadata } from '../../service/replies/keys.ts'
import { useDates, useTexts } from '../../texts/language.tsx'
import { Consequences, KeyName } from './consequences.tsx'
import { versionTexts } from './versions.texts.ts'

const ACTION = 'kms:CreateKeyVersion'
/** The shortest interval between two versions. */
const APART_MS = 7 * 86_400_000

/** Shows the consequences, and adds a version to an asymmetric key. */
export function CreateVersion({ metadata }: { readonly metadata: KeyMetadata }) {
  const say = useTexts(versionTexts)
  const dates = useDates()
  const [open, setOpen] = useState(false)
  const { Arn, KeyId, KeyState, LastRotationDate } = metadata
  const permission = usePermissions(Arn, [ACTION])
  const create = useChange((_: object, region) => call('Kms', 'CreateKeyVersion', region, { KeyId }))
  const from = LastRotationDate === undefined ? 0 : Date.parse(LastRotationDate) + APART_MS
  const because =
    (KeyState !== 'Enabled' && say('create.state')) ||
    (Date.now() < from && say('create.early', { date: dates.full(new Date(from).toISOString()) }))
  return (
    <>
      <Do
        because={because}
        icon={<PlusIcon />}
        onClick={() => setOpen(true)}
        permission={permission(ACTION)}
        size="small"
      >
        {say('create')}
      </Do>
      {open && (
        <Confirm
          close={() => setOpen(false)}
          run={(values) => create.mutateAsync(values)}
          title={say('create')}
          verb={say('create')}
        >
          <KeyName metadata={metadata} />
          <Consequences of={[say('create.1'), say('create.2'), say('create.3'), say('create.4')]} />
        </Confirm>
      )}
    </>
  )
}
