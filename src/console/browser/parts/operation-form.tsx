import { Form, type FormInstance, type FormProps } from 'antd'
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react'
import { Refusal } from '../service/call.ts'
import { type DeclaredParameter, type OperationName, parameterOf, useDeclarations } from '../service/declarations.ts'
import { type RefusableField, refusedField } from '../service/refused-parameter.ts'
import { Ready } from './page.tsx'
import { Refused } from './refused.tsx'

interface Operating {
  readonly of: OperationName
  readonly initial: Readonly<Record<string, unknown>>
  /** The refusal, and its field; null: no field. */
  readonly error: Error | null
  readonly place: string | null
  register(field: RefusableField): () => void
}

const OperatingContext = createContext<Operating | null>(null)

function useOperating(): Operating {
  const operating = useContext(OperatingContext)
  if (!operating) throw new Error('no form of an operation')
  return operating
}

interface Props<T extends object> {
  /** The operation that the form calls. The fields follow its declaration. */
  readonly of: OperationName
  readonly form?: FormInstance<T>
  readonly initial?: Partial<T>
  /** The last refusal. */
  readonly error: Error | null
  readonly onFinish: (values: T) => void
  readonly children: ReactNode
  /** Content beside the form, which may show a refusal that no field shows. */
  readonly aside?: ReactNode
  readonly layout?: Pick<
    FormProps<T>,
    'className' | 'colon' | 'labelAlign' | 'labelCol' | 'labelWrap' | 'layout' | 'requiredMark' | 'scrollToFirstError'
  >
}

/**
 * A form for an operation. Its fields (`ParameterField`, `ParameterPairs`) take label, limits and defaults from the declaration, and show
 * refusals that name their parameter. `UnplacedRefusal` shows all other refusals.
 */
export function OperationForm<T extends object>({
  of,
  form,
  initial,
  error,
  onFinish,
  children,
  aside,
  layout,
}: Props<T>) {
  const declarations = useDeclarations()
  const fields = useRef(new Map<string, RefusableField>())
  const [answered, setAnswered] = useState<Error | null>(null)
  const given = useRef(initial ?? {})
  const current = error === answered ? null : error
  const place = current instanceof Refusal ? refusedField(current, [...fields.current.values()]) : null
  const operating = useMemo<Operating>(
    () => ({
      of,
      initial: given.current as Readonly<Record<string, unknown>>,
      error: current,
      place,
      register(field) {
        fields.current.set(field.name, field)
        return () => void fields.current.delete(field.name)
      },
    }),
    [of, current, place],
  )
  return (
    <OperatingContext value={operating}>
      <Form<T>
        {...(form ? { form } : {})}
        initialValues={given.current}
        layout="vertical"
        onFinish={onFinish}
        // After an edit the refusal no longer applies, so it is hidden.
        onValuesChange={() => setAnswered(error)}
        requiredMark="optional"
        {...layout}
      >
        <Ready of={declarations}>{() => children}</Ready>
      </Form>
      {aside}
    </OperatingContext>
  )
}

/** The refusal, if no field of the form shows it. */
export function UnplacedRefusal() {
  const { error, place } = useOperating()
  return <Refused error={place === null ? error : null} />
}

/** A parameter of the form's operation, or of another one that the form calls too. */
export function useParameter(name: string, of?: OperationName): DeclaredParameter {
  const operating = useOperating()
  const { data } = useDeclarations()
  return parameterOf(data, of ?? operating.of, name)
}

/** Whether the form was opened with a value for a field. */
export function useHasInitial(name: string): boolean {
  return name in useOperating().initial
}

/** What a field adds to its item after the service refused its value. */
export function useRefusalAt(
  name: string,
  { Refusal: code }: DeclaredParameter,
  members: readonly string[] = [],
): { readonly help?: ReactNode; readonly validateStatus?: 'error' } {
  const { error, place, register } = useOperating()
  const names = [name, ...members].join()
  useEffect(() => register({ name, names: names.split(','), code }), [register, name, names, code])
  return place === name ? { help: <Refused error={error} />, validateStatus: 'error' } : {}
}
