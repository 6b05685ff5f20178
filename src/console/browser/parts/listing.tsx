import { Table, type TableColumnType, type TableProps } from 'antd'
import type { TdHTMLAttributes } from 'react'

export type Column<Row extends object> = Omit<TableColumnType<Row>, 'title' | 'onCell'> & { readonly title: string }

interface Props<Row extends object> extends Omit<TableProps<Row>, 'columns' | 'className' | 'scroll' | 'size'> {
  readonly columns: readonly Column<Row>[]
}

/** A table. On a phone, each row is a block, with the name of the column before each value. */
export function Listing<Row extends object>({ columns, ...rest }: Props<Row>) {
  return (
    <Table<Row>
      className="listing"
      columns={columns.map((column) => ({
        ...column,
        onCell: () => labelled(column.title),
        render: column.render ?? ((text: string | number) => <span className="words">{text}</span>),
      }))}
      pagination={false}
      scroll={{ x: 'max-content' }}
      size="small"
      {...rest}
    />
  )
}

type Cell = TdHTMLAttributes<HTMLTableCellElement> & { readonly 'data-label': string }

function labelled(label: string): Cell {
  return { 'data-label': label }
}
