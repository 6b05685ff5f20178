import { Alert } from 'antd'
import { lackOf, WhyNot } from '../../parts/allowed.tsx'
import { useArns } from '../../service/arns.ts'
import { useMayAsked, useReply } from '../../service/queries.ts'
import type { Secrets } from '../../service/replies/secrets.ts'
import { useTexts } from '../../texts/language.tsx'
import { keyActionTexts } from './key-actions.texts.ts'

/** How many secrets are listed by name. */
const NAMED = 10

/** The secrets whose values a key encrypts, if the caller may list them. */
export function useProtectedSecrets(keyId: string) {
  const arns = useArns()
  const questions = [
    { Action: 'kms:ListSecrets', Resource: arns.kms('secret') },
    { Action: 'kms:DescribeSecret', Resource: arns.kms('secret/*') },
  ]
  const may = useMayAsked(questions)
  const denied = may && questions.find(({ Action, Resource }) => !may(Action, Resource).Allowed)
  const lacks =
    may && denied
      ? { answer: may(denied.Action, denied.Resource), action: denied.Action, resource: denied.Resource }
      : null
  const { data, error } = useReply<Secrets>(
    'Kms',
    'ListSecrets',
    { PageSize: NAMED, Filters: JSON.stringify([{ Key: 'EncryptionKeyId', Values: [keyId] }]) },
    may !== null && !denied,
  )
  return { data, error, lacks, isPending: !data && !error && !lacks }
}

/** Warns of the secrets that depend on a key; shows nothing without any. */
export function ProtectedSecrets({ of }: { readonly of: ReturnType<typeof useProtectedSecrets> }) {
  const say = useTexts(keyActionTexts)
  const { data, error, lacks } = of
  if (lacks || error)
    return (
      <Alert
        description={lacks ? <WhyNot {...lackOf(lacks)} /> : error?.message}
        showIcon
        title={say('secrets.unknown')}
        type="warning"
      />
    )
  if (!data || data.TotalCount === 0) return null
  const names = data.SecretList.Secret.map(({ SecretName }) => SecretName)
  const more = data.TotalCount - names.length
  return (
    <Alert
      description={
        <ul className="consequences">
          {names.map((name) => (
            <li key={name}>
              <code className="mono">{name}</code>
            </li>
          ))}
          {more > 0 && <li>{say('secrets.more', { count: more })}</li>}
        </ul>
      }
      showIcon
      title={say('secrets.some', { count: data.TotalCount })}
      type="warning"
    />
  )
}
