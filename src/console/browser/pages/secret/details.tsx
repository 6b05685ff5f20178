import { Link } from 'react-router'
import { useRegion } from '../../frame/region.ts'
import { Description } from '../../parts/description.tsx'
import { Mono } from '../../parts/mono.tsx'
import { Facts, Section } from '../../parts/page.tsx'
import { TagSection } from '../../parts/tag-section.tsx'
import { When } from '../../parts/when.tsx'
import { paths } from '../../service/paths.ts'
import type { ExtendedConfig, SecretMetadata } from '../../service/replies/secrets.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { secretTexts } from '../secret.texts.ts'
import { kindTexts } from './kinds.texts.ts'
import { SecretRotation } from './rotation.tsx'

interface Props {
  readonly metadata: SecretMetadata
}

export function SecretDetails({ metadata }: Props) {
  const say = useTexts(secretTexts)
  const common = useCommon()
  const region = useRegion()
  const kind = useTexts(kindTexts)
  const { EncryptionKeyId: key } = metadata
  const {
    UserName,
    DBInstanceId,
    SecretSubType: subtype = 'RamUserAccessKey',
  }: ExtendedConfig = JSON.parse(metadata.ExtendedConfig ?? '{}')
  return (
    <>
      <Section title={say('facts')}>
        <Facts
          of={[
            [say('arn'), <Mono key="arn" text={metadata.Arn} />],
            [say('type'), kind(`kind.${metadata.SecretType}`)],
            [
              kind('user'),
              UserName && (
                <Link key="user" to={paths.user(UserName, 'accesskeys')}>
                  {UserName}
                </Link>
              ),
            ],
            [kind('instance'), DBInstanceId],
            [kind('accounts'), subtype === 'RamUserAccessKey' ? undefined : kind(`accounts.${subtype}`)],
            [
              say('key'),
              key === undefined ? (
                say('key.service')
              ) : (
                <Link className="mono" key="key" to={paths.key(region, key)}>
                  {key}
                </Link>
              ),
            ],
            [common('field.created'), <When date={metadata.CreateTime} key="created" />],
            [say('updated'), <When date={metadata.UpdateTime} key="updated" />],
            [
              common('field.description'),
              <Description
                arn={metadata.Arn}
                key="description"
                of={{ SecretName: metadata.SecretName }}
                operation="UpdateSecret"
                text={metadata.Description}
              />,
            ],
          ]}
        />
      </Section>
      {metadata.SecretType !== 'Generic' && <SecretRotation metadata={metadata} />}
      <TagSection
        arn={metadata.Arn}
        none={say('tag.none')}
        of={{ SecretName: metadata.SecretName }}
        tags={metadata.Tags?.Tag ?? []}
      />
    </>
  )
}
