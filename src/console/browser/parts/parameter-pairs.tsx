import { Form } from 'antd'
import type { ReactNode } from 'react'
import { type Fault, faultOf, memberFaultOf } from '../service/rules.ts'
import { useRules } from '../texts/rules.ts'
import { useParameter, useRefusalAt } from './operation-form.tsx'
import { type Pair, PairRows } from './pair-rows.tsx'

interface Props {
  /** The parameter (a list or a map in JSON), and the name of the form's field. */
  readonly name: string
  readonly label: string
  readonly extra?: ReactNode
  readonly called: Parameters<typeof PairRows>[0]['called']
  readonly placeholders: readonly [key: string, value: string]
  /** Converts the pairs to the JSON to send. */
  readonly sent: (pairs: readonly Pair[] | undefined) => string | undefined
}

/** Rows of keys and values for a parameter, with the declared limits of the parameter and of the members of its items. */
export function ParameterPairs({ name, label, extra, called, placeholders, sent }: Props) {
  const declared = useParameter(name)
  const members = declared.Members ?? []
  const refusal = useRefusalAt(
    name,
    declared,
    members.map(({ Name }) => Name),
  )
  const rules = useRules()
  const throwing = (fault: Fault | null) => {
    if (fault) throw new Error(rules.fault(fault, declared))
  }
  const [keyLimits, valueLimits] = members
  return (
    <Form.Item extra={extra} label={label} {...refusal}>
      <PairRows
        called={called}
        name={name}
        placeholders={placeholders}
        rules={{
          key: async (_, key?: string) => throwing(keyLimits ? memberFaultOf(keyLimits, key) : null),
          value: async (_, value?: string) => throwing(valueLimits ? memberFaultOf(valueLimits, value) : null),
          all: async (_, pairs?: readonly Pair[]) => {
            const { MaxItems: most } = declared
            if (most !== undefined && (pairs?.length ?? 0) > most) throwing({ rule: 'items', count: most })
            throwing(faultOf(declared, sent(pairs)))
          },
        }}
      />
    </Form.Item>
  )
}
