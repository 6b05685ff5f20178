import { useState } from 'react'
import { useRegion } from '../../frame/region.ts'
import { Do, type Permission } from '../../parts/allowed.tsx'
import { CopyBox } from '../../parts/copy-box.tsx'
import { Refused } from '../../parts/refused.tsx'
import { useAttempt } from '../../service/attempt.ts'
import { call } from '../../service/call.ts'
import type { SecretValue } from '../../service/replies/secrets.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { secretTexts } from '../secret.texts.ts'

interface Props {
  readonly secretName: string
  readonly versionId: string
  readonly permission: Permission
  readonly because: string | false
}

/** The value of a version. A separate call reads it when the reader shows it. Hiding it or leaving the page drops it. */
export function ValueOf({ secretName, versionId, permission, because }: Props) {
  const say = useTexts(secretTexts)
  const common = useCommon()
  const region = useRegion()
  const [value, setValue] = useState<string | null>(null)
  const attempt = useAttempt()
  const show = () =>
    attempt.run(async () => {
      const parameters = { SecretName: secretName, VersionId: versionId }
      setValue((await call<SecretValue>('Kms', 'GetSecretValue', region, parameters)).SecretData)
    })
  return (
    <>
      <Do
        aria-label={say(value === null ? 'value.show' : 'value.hide', { version: versionId })}
        because={because}
        loading={attempt.busy}
        onClick={() => (value === null ? void show() : setValue(null))}
        permission={permission}
        size="small"
      >
        {common(value === null ? 'do.show' : 'do.hide')}
      </Do>
      {value !== null && <CopyBox label={say('value.of', { version: versionId })} look="document" text={value} />}
      <Refused error={attempt.error} />
    </>
  )
}
