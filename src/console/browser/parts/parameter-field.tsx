import { Form, Input, InputNumber, Select, Switch } from 'antd'
import type { ReactElement, ReactNode } from 'react'
import type { DeclaredParameter, Limits, OperationName } from '../service/declarations.ts'
import { faultOf, isNeeded, memberFaultOf, type Value } from '../service/rules.ts'
import { useRules } from '../texts/rules.ts'
import { useHasInitial, useParameter, useRefusalAt } from './operation-form.tsx'

interface Props {
  /** The name of the parameter and of the form's field. */
  readonly name: string
  /** The parameter's operation, if it is not the form's. */
  readonly of?: OperationName
  /** The label; some labels contain the limits. */
  readonly label?: string | ((limits: Limits) => string)
  readonly extra?: ReactNode | ((limits: Limits) => ReactNode)
  /** Converts the typed text to the text to send, if they differ. */
  readonly sent?: (typed: string) => Value
  /** The label of a choice. */
  readonly labelOf?: (choice: string) => string
  /** Set if the form requires a value that the operation does not require. */
  readonly needed?: boolean
  /** Whether the field is inside the item of another field. */
  readonly noStyle?: boolean
  /** Set for a truth value whose input takes it as `value` instead of `checked`. */
  readonly valuePropName?: 'value'
  /** The input, if it is not the default for the parameter's type. */
  readonly children?: ReactElement
}

/** A field for a parameter. Its limits, whether it is required, and its default come from the declaration. */
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

/** Whether the field always has a value, so that it is not marked as optional. */
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
  /** The member of the list's items, and the name of the form's field. */
  readonly member: string
  readonly label: string
  readonly children: ReactElement
}

/** A field for a member of the single item that a form adds to a list. */
export function MemberField({ name, member, label, children }: MemberProps) {
  const declared = useParameter(name)
  const rules = useRules()
  // A refusal of the whole list is shown at its first member.
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
  /** The label, if the page does not show one. */
  readonly label?: string
  /** The value, which is not in the form. */
  readonly value: string
  readonly children: ReactElement
}

/** The item for a parameter whose input keeps its value outside of the form. It checks the limits and shows refusals. */
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
