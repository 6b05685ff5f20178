// The fields of operations with an asymmetric key: the version and the algorithm.
import { useIsFetching } from '@tanstack/react-query'
import { AutoComplete, Form, Select } from 'antd'
import { useEffect } from 'react'
import { useParameter } from '../../parts/operation-form.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { useReply } from '../../service/queries.ts'
import type { KeyMetadata, KeyVersions } from '../../service/replies/keys.ts'
import { useTexts } from '../../texts/language.tsx'
import { cryptographyTexts } from '../cryptography.texts.ts'
import { useKeyId } from './key-field.tsx'

const LOOKS_UP = new Set<unknown>(['ListAliases', 'DescribeKey', 'ListKeyVersions'])

/** Whether the versions and algorithms of the named key are still being read. The form fills them in. */
export function useIsLookedUp(): boolean {
  return (
    useIsFetching({ predicate: ({ queryKey: [, , operation], state }) => LOOKS_UP.has(operation) && !state.data }) > 0
  )
}

interface Values {
  readonly KeyId: string
  readonly KeyVersionId: string
  readonly Algorithm: string
}

interface Props {
  /** Whether the operation takes an algorithm with a key. */
  readonly takes: (key: KeyMetadata, algorithm: string) => boolean
  /** The text for a key without such an algorithm. */
  readonly none: string
}

/** The versions and algorithms of the named key. The newest version and the first algorithm are preselected. */
export function VersionAndAlgorithm({ takes, none }: Props) {
  const say = useTexts(cryptographyTexts)
  const form = Form.useFormInstance<Values>()
  const KeyId = useKeyId(Form.useWatch('KeyId', form))
  const { Enum: all = [] } = useParameter('Algorithm')
  const named = { KeyId: KeyId ?? '' }
  const described = useReply<{ KeyMetadata: KeyMetadata }>('Kms', 'DescribeKey', named, KeyId !== null)
  const versions = useReply<KeyVersions>('Kms', 'ListKeyVersions', { ...named, PageSize: 100 }, KeyId !== null)
  const key = described.data?.KeyMetadata
  const algorithms = key === undefined ? all : all.filter((algorithm) => takes(key, algorithm))
  const ids = (versions.data?.KeyVersions.KeyVersion ?? [])
    .toSorted((one, other) => other.CreationDate.localeCompare(one.CreationDate))
    .map(({ KeyVersionId }) => KeyVersionId)
  const [newest] = ids
  const [first] = algorithms
  const id = key?.KeyId
  useEffect(() => {
    if (newest !== undefined) form.setFieldValue('KeyVersionId', newest)
  }, [form, newest])
  useEffect(() => {
    if (id !== undefined) form.setFieldValue('Algorithm', first)
  }, [form, id, first])
  return (
    <>
      <ParameterField label={say('result.version')} name="KeyVersionId" sent={(typed) => typed.trim()}>
        <AutoComplete options={ids.map((value) => ({ value }))} />
      </ParameterField>
      <ParameterField extra={algorithms.length === 0 && none} label={say('algorithm')} name="Algorithm">
        <Select options={algorithms.map((value) => ({ value, label: value }))} />
      </ParameterField>
    </>
  )
}
