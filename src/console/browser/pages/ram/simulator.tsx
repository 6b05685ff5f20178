import { useMutation } from '@tanstack/react-query'
import { Button, Form, Input, Select } from 'antd'
import { useEffect } from 'react'
import { useSearchParams } from 'react-router'
import { useRegion } from '../../frame/region.ts'
import { Listing } from '../../parts/listing.tsx'
import { Copy } from '../../parts/mono.tsx'
import { Page } from '../../parts/page.tsx'
import { givenPairs, type Pair, PairRows } from '../../parts/pair-rows.tsx'
import { Refused } from '../../parts/refused.tsx'
import { Badge } from '../../parts/state.tsx'
import { request } from '../../service/call.ts'
import { useDeclarations } from '../../service/declarations.ts'
import { noteCall, shellWord } from '../../service/noted-calls.ts'
import type { Answer } from '../../service/queries.ts'
import { useSession } from '../../service/session.tsx'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { ramTexts } from './ram.texts.ts'

interface Asked {
  readonly principal?: string
  readonly actions: readonly string[]
  readonly resource: string
  readonly context?: readonly Pair[]
}

interface Row extends Answer {
  readonly action: string
  readonly resource: string
}

export default function SimulatorPage() {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const region = useRegion()
  const [search, setSearch] = useSearchParams()
  const { AccountId, Type, UserName } = useSession()
  const own = Type === 'root-account' ? 'root' : `user/${UserName}`
  const declarations = useDeclarations()
  const asking = useMutation<readonly Row[], Error, Asked>({
    mutationFn: async ({ principal, actions, resource, context }) => {
      const facts = givenPairs(context).flatMap(([key, value]) => (value ? [[key.trim(), value.trim()]] : []))
      const began = performance.now()
      const { Answers } = await request<{ readonly Answers: readonly Answer[] }>('POST', 'api/simulate', {
        ...(principal?.trim() ? { Principal: principal.trim() } : {}),
        ...(facts.length > 0 ? { Context: Object.fromEntries(facts) } : {}),
        Questions: actions.map((Action) => ({ Action, Resource: resource.trim(), Region: region })),
      })
      const arn = `acs:ram::${AccountId}:${principal?.trim() || own}`
      for (const action of actions) {
        const line = ['strongroom ram explain --principal', shellWord(arn), '--action', shellWord(action), '--resource']
        const more = facts.map(([key, value]) => `--context ${shellWord(`${key}=${value}`)}`)
        noteCall({
          name: 'explain',
          line: [...line, shellWord(resource.trim()), ...more].join(' '),
          status: 200,
          ms: performance.now() - began,
        })
      }
      return Answers.map((answer, place) => ({ ...answer, action: actions[place] ?? '', resource: resource.trim() }))
    },
  })
  const given: Asked = {
    principal: search.get('principal') ?? '',
    actions: search.getAll('action'),
    resource: search.get('resource') ?? '*',
  }
  // The address of a link to this page contains the question, so it is asked at once.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only the address that the page was opened with asks
  useEffect(() => {
    if (given.actions.length > 0) asking.mutate(given)
  }, [])
  return (
    <Page lead={say('simulator.lead')} name={common('nav.simulator')} title={common('nav.simulator')}>
      <Form<Asked>
        className="form-page"
        initialValues={given}
        layout="vertical"
        onFinish={(values) => {
          const query = new URLSearchParams({ principal: values.principal ?? '', resource: values.resource })
          for (const action of values.actions) query.append('action', action)
          setSearch(query, { replace: true })
          asking.mutate(values)
        }}
        requiredMark="optional"
        validateMessages={{ required: common('field.required') }}
      >
        <Form.Item extra={say('principal.help')} label={say('principal')} name="principal">
          <Input autoComplete="off" spellCheck={false} />
        </Form.Item>
        <Form.Item label={say('actions')} name="actions" rules={[{ required: true }]}>
          <Select
            mode="tags"
            options={(declarations.data?.Actions ?? []).map((value) => ({ value, label: value }))}
            tokenSeparators={[' ', ',']}
          />
        </Form.Item>
        <Form.Item label={say('resource')} name="resource" rules={[{ required: true }]}>
          <Input className="mono" spellCheck={false} />
        </Form.Item>
        <Form.Item extra={say('context.help')} label={say('context')}>
          <PairRows
            called={{
              key: (number) => say('context.key', { number }),
              value: (number) => say('context.value', { number }),
              remove: (number) => say('context.remove', { number }),
              add: say('context.add'),
            }}
            keys={declarations.data?.ConditionKeys.map(({ Key }) => Key) ?? []}
            name="context"
            placeholders={[say('context.name'), say('context.any')]}
          />
        </Form.Item>
        <Button htmlType="submit" loading={asking.isPending} type="primary">
          {say('ask')}
        </Button>
      </Form>
      <div aria-live="polite" className="answers">
        <Refused error={asking.error} />
        {asking.data && (
          <div className="panel">
            <Listing<Row>
              columns={[
                {
                  title: say('actions'),
                  dataIndex: 'action',
                  render: (action: string) => <code className="mono">{action}</code>,
                },
                {
                  title: say('decision'),
                  dataIndex: 'Decision',
                  render: (said: Answer['Decision']) => (
                    <Badge tone={said === 'Allow' ? 'good' : 'bad'}>{say(`said.${said}`)}</Badge>
                  ),
                },
                { title: say('statement'), key: 'by', render: (_, row) => <Statement row={row} /> },
              ]}
              dataSource={[...asking.data]}
              rowKey="action"
            />
          </div>
        )}
      </div>
    </Page>
  )
}

/** The deciding statements; without any, a statement that would allow the action. */
function Statement({ row }: { readonly row: Row }) {
  const say = useTexts(ramTexts)
  if (row.By)
    return (
      <span>
        {row.By.PolicyName} <span className="muted">{row.By.PolicyVersion}</span>{' '}
        <code className="mono">{`Statement[${row.By.StatementIndex}]`}</code>
      </span>
    )
  if (row.Decision !== 'ImplicitDeny') return null
  const statement = JSON.stringify({ Effect: 'Allow', Action: row.action, Resource: row.resource })
  return (
    <span>
      <span className="muted">{say('add.missing')}: </span>
      <code className="mono">{statement}</code>
      <Copy label={say('add.missing')} text={statement} />
    </span>
  )
}
