import { Form, Input, InputNumber, Select, Switch } from 'antd'
import type { ReactElement, ReactNode } from 'react'
import type { DeclaredParameter, Limits, OperationName } from '../service/declarations.ts'
import { faultOf, isNeeded, memberFaultOf, type Value } from '../service/rules.ts'
import { useRules } from '../texts/rules.ts'
import { useHasInitial, useParameter, useRefusalAt } from './operation-form.tsx'

interface Props {
  /** The parameter, and the form's field for it. */
  readonly name: string
  /** Its operation, where it is not the form's. */
  readonly of?: OperationName
  /** What it is called; some names say its limits. */
  readonly label?: string | ((limits: Limits) => string)
  readonly extra?: ReactNode | ((limits: Limits) => ReactNode)
  /** What is sent for what is typed, where that is another text. */
  readonly sent?: (typed: string) => Value
  /** How the form calls a choice. */
  readonly labelOf?: (choice: string) => string
  /** Set where the form needs what the operation can do without. */
  readonly needed?: boolean
  /** Whether the field stands in the item of another one. */
  readonly noStyle?: boolean
  /** How the input takes its value, where `children` is not the usual one of a truth value. */
  readonly valuePropName?: 'value'
  /** The input, where it is not the usual one of the parameter's type. */
  readonly children?: ReactElement
}

/** A field for a parameter: what it takes, what it needs and what it begins with are the declaration's. */
export function ParameterField({
  name,
  of,
  label,
  extra,
  sent,
  labelOf,
  needed,
  noStyle,
  valuePropName,
  children,
}: Props) {
  const declared = useParameter(name, of)
  const hasInitial = useHasInitial(name)
  const refusal = useRefusalAt(name, declared)
  const rules = useRules()
  const isRequired = needed ?? isNeeded(declared)
  const isTyped = children?.type !== Select
  const isHinted = isRequired && isTyped && declared.Pattern !== undefined && !refusal.help
  const hint = isHinted ? <span className="hint">{rules.sentence(declared)}</span> : undefined
  return (
    <Form.Item
      {...(declared.Default === undefined || hasInitial ? {} : { initialValue: declared.Default })}
      extra={(typeof extra === 'function' ? extra(declared) : extra) ?? hint}
      label={typeof label === 'function' ? label(declared) : label}
      name={name}
      {...(noStyle ? { noStyle } : {})}
      required={isRequired || isAlwaysSet(declared)}
      rules={[
        {
          validator: async (_, typed: Value) => {
            const value = sent && typeof typed === 'string' && typed !== '' ? sent(typed) : typed
            const fault = faultOf(declared, value, isRequired)
            if (fault) throw new Error(rules.fault(fault, declared))
          },
        },
      ]}
      valuePropName={valuePropName ?? (declared.Type === 'boolean' ? 'checked' : 'value')}
      {...refusal}
    >
      {children ?? usualInput(declared, labelOf)}
    </Form.Item>
  )
}

/** Whether the field has a value whatever the reader does, so that no mark calls it optional. */
function isAlwaysSet({ Type, Default }: DeclaredParameter): boolean {
  return Type === 'boolean' || (Type === 'choice' && Default !== undefined)
}

function usualInput(declared: DeclaredParameter, labelOf: Props['labelOf'] = (choice) => choice): ReactElement {
  const { Type, Enum, Unit, Secret } = declared
  if (Enum) return <Select options={Enum.map((value) => ({ value, label: labelOf(value) }))} />
  if (Type === 'boolean') return <Switch />
  if (Type === 'integer' || Unit) return <InputNumber precision={0} />
  return Secret ? <Input.Password autoComplete="new-password" /> : <Input autoComplete="off" />
}

interface MemberProps {
  /** The parameter: a list in JSON. */
  readonly name: string
  /** The member of its items, and the form's field for it. */
  readonly member: string
  readonly label: string
  readonly children: ReactElement
}

/** A field for a member of the single item that a form adds to a list. */
export function MemberField({ name, member, label, children }: MemberProps) {
  const declared = useParameter(name)
  const rules = useRules()
  // What the list as a whole is refused for shows at its first member.
  const isFirst = member === declared.Members?.[0]?.Name
  const refusal = useRefusalAt(member, declared, isFirst ? [name] : [])
  const limits: Limits = declared.Members?.find(({ Name }) => Name === member) ?? {}
  return (
    <Form.Item
      label={label}
      name={member}
      required={(limits.MinLength ?? 0) > 0}
      rules={[
        {
          validator: async (_, typed: string | undefined) => {
            const fault = memberFaultOf(limits, typed)
            if (fault) throw new Error(rules.fault(fault, declared))
          },
        },
      ]}
      {...refusal}
    >
      {children}
    </Form.Item>
  )
}

interface ItemProps {
  readonly name: string
  /** What it is called, where the page has not said so. */
  readonly label?: string
  /** The value, which the form does not hold. */
  readonly value: string
  readonly children: ReactElement
}

/** The place of a parameter whose input keeps its value itself: its limits and its refusal show here. */
export function ParameterItem({ name, label, value, children }: ItemProps) {
  const declared = useParameter(name)
  const rules = useRules()
  const refusal = useRefusalAt(name, declared)
  const fault = faultOf(declared, value)
  const broken = fault && ({ help: rules.fault(fault, declared), validateStatus: 'error' } as const)
  return (
    <Form.Item label={label} required={isNeeded(declared)} {...(broken ?? refusal)}>
      {children}
    </Form.Item>
  )
}
