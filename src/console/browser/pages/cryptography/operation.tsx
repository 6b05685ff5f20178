import { useMutation } from '@tanstack/react-query'
import { Form } from 'antd'
import type { ReactNode } from 'react'
import { useRegion } from '../../frame/region.ts'
import { Do } from '../../parts/allowed.tsx'
import { OperationForm, UnplacedRefusal } from '../../parts/operation-form.tsx'
import { givenPairs, type Pair } from '../../parts/pair-rows.tsx'
import { ParameterPairs } from '../../parts/parameter-pairs.tsx'
import type { OperationName } from '../../service/declarations.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useTexts } from '../../texts/language.tsx'
import { cryptographyTexts } from '../cryptography.texts.ts'
import { useKeyArn } from './key-field.tsx'
import { type Result, ResultView } from './result.tsx'

interface Props<T extends object> {
  readonly of: OperationName
  /** The parameter of the encryption context; null where the operation has none. */
  readonly context?: string | null
  readonly run: (values: T, region: string) => Promise<Result>
  readonly verb: string
  /** The action to check on the key in the form; none where only the service knows the key. */
  readonly action?: (values: Partial<T>) => string
  /** Why the operation has to wait. */
  readonly because?: string | false
  readonly initial?: Partial<T>
  readonly children: ReactNode
}

/** The encryption context in the form of the parameter. */
export function contextOf(pairs: readonly Pair[] | undefined): string | undefined {
  const given = givenPairs(pairs)
  return given.length > 0 ? JSON.stringify(Object.fromEntries(given)) : undefined
}

/** Base64 without the line breaks of a copied text. */
export const withoutBlanks = (typed: string) => typed.replace(/\s+/g, '')

/** The form of an operation and its result, which is kept only on the page. */
export function Operation<T extends object>({
  of,
  context = 'EncryptionContext',
  run,
  verb,
  action,
  because,
  initial = {},
  children,
}: Props<T>) {
  const say = useTexts(cryptographyTexts)
  const region = useRegion()
  const [form] = Form.useForm<T>()
  const values: Partial<T> & { readonly KeyId?: string; readonly DestinationKeyId?: string } =
    Form.useWatch([], form) ?? {}
  const key = useKeyArn(values.KeyId ?? values.DestinationKeyId)
  const asked = action?.(values) ?? ''
  const permission = usePermissions(key ?? '', key !== null && action ? [asked] : [])
  const { mutate, data, error, isPending } = useMutation<Result, Error, T>({
    mutationFn: (values) => run(values, region),
    gcTime: 0,
  })
  return (
    <div className="columns">
      <OperationForm<T>
        aside={
          <div aria-live="polite">
            <UnplacedRefusal />
            {data && !error && <ResultView result={data} />}
          </div>
        }
        error={error}
        form={form}
        initial={initial}
        of={of}
        onFinish={(values) => mutate(values)}
      >
        {children}
        {context !== null && (
          <ParameterPairs
            called={{
              key: (number) => say('context.key', { number }),
              value: (number) => say('context.value', { number }),
              remove: (number) => say('context.remove', { number }),
              add: say('context.add'),
            }}
            extra={say('context.help')}
            label={say('context')}
            name={context}
            placeholders={[say('context.name'), say('context.any')]}
            sent={contextOf}
          />
        )}
        <Do because={because} htmlType="submit" loading={isPending} permission={permission(asked)} type="primary">
          {verb}
        </Do>
      </OperationForm>
    </div>
  )
}
