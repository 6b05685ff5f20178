import { AutoComplete, Button, Form, Input } from 'antd'
import { useState } from 'react'
import { DeleteIcon, PlusIcon } from './icons.tsx'

/** A pair in a form. A new pair has neither key nor value. */
export interface Pair {
  readonly key?: string
  readonly value?: string
}

/** The pairs that have a key, unchanged. */
export function givenPairs(pairs: readonly Pair[] | undefined): readonly (readonly [key: string, value: string])[] {
  return (pairs ?? []).flatMap(({ key = '', value = '' }) => (key === '' ? [] : [[key, value] as const]))
}

interface Props {
  /** The form's field with the pairs. */
  readonly name: string
  /** The labels of the rows and the button. Rows are counted from 1. */
  readonly called: {
    key(row: number): string
    value(row: number): string
    remove(row: number): string
    readonly add: string
  }
  /** The placeholders of an empty key and an empty value. */
  readonly placeholders: readonly [key: string, value: string]
  /** Suggested keys. */
  readonly keys?: readonly string[]
  /** Checks for a key, a value and all rows together. Each throws its error. */
  readonly rules?: {
    readonly key: Validator<string>
    readonly value: Validator<string>
    readonly all: Validator<readonly Pair[]>
  }
}

type Validator<Held> = (rule: unknown, held: Held | undefined) => Promise<void>

/** Rows of a key and a value, which can be added and removed: tags, an encryption context, conditions. */
export function PairRows({ name, called, placeholders, keys, rules }: Props) {
  const [isAdded, setAdded] = useState(false)
  const checked = <Held,>(validator: Validator<Held> | undefined) => (validator ? [{ validator }] : [])
  return (
    <Form.List name={name} rules={checked(rules?.all)}>
      {(rows, { add, remove }, { errors }) => (
        <>
          {rows.map(({ key, name: row }) => (
            <div className="tag-row" key={key}>
              <Form.Item name={[row, 'key']} noStyle rules={checked(rules?.key)}>
                {keys ? (
                  <AutoComplete
                    aria-label={called.key(row + 1)}
                    autoFocus={isAdded}
                    options={keys.map((value) => ({ value }))}
                    placeholder={placeholders[0]}
                  />
                ) : (
                  <Input aria-label={called.key(row + 1)} autoFocus={isAdded} placeholder={placeholders[0]} />
                )}
              </Form.Item>
              <Form.Item name={[row, 'value']} noStyle rules={checked(rules?.value)}>
                <Input aria-label={called.value(row + 1)} placeholder={placeholders[1]} />
              </Form.Item>
              <Button
                aria-label={called.remove(row + 1)}
                icon={<DeleteIcon />}
                onClick={() => remove(row)}
                type="text"
              />
            </div>
          ))}
          <Button
            icon={<PlusIcon />}
            onClick={() => {
              setAdded(true)
              add({})
            }}
            size="small"
            type="dashed"
          >
            {called.add}
          </Button>
          <Form.ErrorList errors={errors} />
        </>
      )}
    </Form.List>
  )
}
