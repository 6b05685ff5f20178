import { Button } from 'antd'
import { useState } from 'react'
import { Do } from '../../../parts/allowed.tsx'
import { CopyBox } from '../../../parts/copy-box.tsx'
import { OperationForm, UnplacedRefusal } from '../../../parts/operation-form.tsx'
import { Section } from '../../../parts/page.tsx'
import { ParameterItem } from '../../../parts/parameter-field.tsx'
import { useArns } from '../../../service/arns.ts'
import { call } from '../../../service/call.ts'
import { usePermissions } from '../../../service/permissions.ts'
import { useChange } from '../../../service/queries.ts'
import type { PolicyVersion } from '../../../service/replies/ram.ts'
import { useCommon, useTexts } from '../../../texts/language.tsx'
import { PolicyEditor, pretty, useChecked } from '../policy-editor.tsx'
import { ramTexts } from '../ram.texts.ts'

interface Props {
  readonly name: string
  readonly version: PolicyVersion
  readonly isCustom: boolean
}

/** The document of a policy's default version. For a custom policy it can be changed, which creates a new version. */
export function PolicyDocument({ name, version, isCustom }: Props) {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const [text, setText] = useState<string | null>(null)
  const permission = usePermissions(useArns().ram(`policy/${name}`), ['ram:CreatePolicyVersion'])
  const checked = useChecked(text ?? version.PolicyDocument, 'identity')
  const save = useChange((PolicyDocument: string, region) =>
    call('Ram', 'CreatePolicyVersion', region, {
      PolicyName: name,
      PolicyDocument,
      SetAsDefault: true,
      RotateStrategy: 'DeleteOldestNonDefaultVersionWhenLimitExceeded',
    }),
  )
  if (text === null)
    return (
      <Section
        actions={
          isCustom && (
            <Do
              onClick={() => setText(pretty(version.PolicyDocument))}
              permission={permission('ram:CreatePolicyVersion')}
            >
              {say('modify')}
            </Do>
          )
        }
        title={`${say('document')} ${version.VersionId}`}
      >
        <CopyBox
          label={say('document')}
          look="document"
          shown={pretty(version.PolicyDocument)}
          text={version.PolicyDocument}
        />
      </Section>
    )
  return (
    <Section
      actions={
        <>
          <Button onClick={() => setText(null)}>{common('do.cancel')}</Button>
          <Button
            disabled={!checked.isValid || text === pretty(version.PolicyDocument)}
            loading={save.isPending}
            onClick={() => save.mutate(text, { onSuccess: () => setText(null) })}
            type="primary"
          >
            {common('do.save')}
          </Button>
        </>
      }
      title={say('modify')}
    >
      <p className="muted">{say('modify.help')}</p>
      <OperationForm error={save.error} of="Ram.CreatePolicyVersion" onFinish={() => save.mutate(text)}>
        <ParameterItem name="PolicyDocument" value={text}>
          <PolicyEditor checked={checked} label={say('document')} onChange={setText} value={text} />
        </ParameterItem>
        <UnplacedRefusal />
      </OperationForm>
    </Section>
  )
}
