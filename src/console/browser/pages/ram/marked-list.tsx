import { useInfiniteQuery } from '@tanstack/react-query'
import { Button } from 'antd'
import type { ReactNode } from 'react'
import { useRegion } from '../../frame/region.ts'
import { type Column, Listing } from '../../parts/listing.tsx'
import { Nothing, Ready } from '../../parts/page.tsx'
import { call, type Parameters, type Product } from '../../service/call.ts'
import type { Paged } from '../../service/replies/ram.ts'
import { useCommon } from '../../texts/language.tsx'

const PAGE_SIZE = 50

interface Props<Row extends object, Reply extends Paged> {
  /** The product of the operation, if it is not RAM. */
  readonly product?: Product
  readonly operation: string
  readonly parameters?: Parameters
  readonly rows: (reply: Reply) => readonly Row[]
  readonly columns: readonly Column<Row>[]
  readonly rowKey: (row: Row) => string
  readonly none: string
  readonly next?: ReactNode
}

/** A list that the service pages by markers. */
export function MarkedList<Row extends object, Reply extends Paged>({
  product = 'Ram',
  operation,
  parameters = {},
  rows,
  columns,
  rowKey,
  none,
  next,
}: Props<Row, Reply>) {
  const common = useCommon()
  const region = useRegion()
  const list = useInfiniteQuery({
    queryKey: [region, product, operation, parameters],
    queryFn: ({ pageParam, signal }) =>
      call<Reply>(
        product,
        operation,
        region,
        { ...parameters, MaxItems: PAGE_SIZE, Marker: pageParam === '' ? undefined : pageParam },
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (last) => (last.IsTruncated && last.Marker ? last.Marker : undefined),
  })
  return (
    <Ready of={list}>
      {() => (
        <>
          <div className="panel">
            <Listing<Row>
              columns={columns}
              dataSource={list.data?.pages.flatMap(rows) ?? []}
              locale={{ emptyText: <Nothing text={none}>{next}</Nothing> }}
              rowKey={rowKey}
            />
          </div>
          {list.hasNextPage && (
            <div className="list-foot">
              <Button loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                {common('do.more-rows')}
              </Button>
            </div>
          )}
        </>
      )}
    </Ready>
  )
}
