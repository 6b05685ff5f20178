import { useMutation } from '@tanstack/react-query'
import { Button, Form } from 'antd'
import type { ReactNode } from 'react'
import { useRegion } from '../../frame/region.ts'
import { givenPairs, type Pair, PairRows } from '../../parts/pair-rows.tsx'
import { Refused } from '../../parts/refused.tsx'
import { useTexts } from '../../texts/language.tsx'
import { cryptographyTexts } from '../cryptography.texts.ts'
import { type Result, ResultView } from './result.tsx'

interface Props<T extends object> {
  readonly run: (values: T, region: string) => Promise<Result>
  readonly verb: string
  readonly initial?: Partial<T>
  readonly children: ReactNode
}

/** The encryption context as operations take it. */
export function contextOf(pairs: readonly Pair[] | undefined): string | undefined {
  const given = givenPairs(pairs)
  return given.length > 0 ? JSON.stringify(Object.fromEntries(given)) : undefined
}

/** The form of an operation beside its result, which lives as long as the page. */
export function Operation<T extends object>({ run, verb, initial, children }: Props<T>) {
  const say = useTexts(cryptographyTexts)
  const region = useRegion()
  const { mutate, data, error, isPending } = useMutation<Result, Error, T>({
    mutationFn: (values) => run(values, region),
    gcTime: 0,
  })
  return (
    <div className="columns">
      <Form<T>
        initialValues={initial ?? {}}
        layout="vertical"
        onFinish={(values) => mutate(values)}
        requiredMark="optional"
      >
        {children}
        <Form.Item label={say('context')} extra={say('context.help')}>
          <PairRows
            called={{
              key: (number) => say('context.key', { number }),
              value: (number) => say('context.value', { number }),
              remove: (number) => say('context.remove', { number }),
              add: say('context.add'),
            }}
            name="context"
          />
        </Form.Item>
        <Button htmlType="submit" loading={isPending} type="primary">
          {verb}
        </Button>
      </Form>
      <div aria-live="polite">
        <Refused error={error} />
        {data && !error && <ResultView result={data} />}
      </div>
    </div>
  )
}
