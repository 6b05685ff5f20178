// The page about events against what events hold: each names all members, kinds of identity and work of the other.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { renderEvent } from '../../../src/actiontrail/events/event.ts'
import { SERVICE_WORK, type StoredCall, type StoredService } from '../../../src/ledger/stored-event.ts'

const page = readFileSync(new URL('../../../docs/reference/events.md', import.meta.url), 'utf8')

/** The names in the first column of the tables of a section. */
function namesIn(section: string): string[] {
  const [, text = ''] = page.split(new RegExp(`^## ${section}$`, 'm'))
  const [rows = ''] = text.split(/^## /m)
  const cells = [...rows.matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell = '']) => cell)
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)).sort()
}

const at = { eventId: 'e', account: '1000000000000001', region: 'cn-hangzhou', at: 0 }
const by = { policyName: 'p', policyVersion: 'v1', statementIndex: 0 }
const denial = {
  action: 'kms:CreateKey',
  resource: '*',
  type: 'ExplicitDeny',
  policyType: 'IdentityBased',
  by,
} as const
const everything: StoredCall = [
  3,
  'Kms',
  '2016-01-20',
  'CreateKey',
  'Write',
  'kms.example',
  '192.0.2.1',
  'agent',
  ['assumed-role', 'r:s', 'role:s', 'STS.x', 0, 'oss.aliyuncs.com'],
  { KeyId: 0, DryRun: 'true' },
  [['ACS::KMS::Key', 'k']],
  { KeyId: [0] },
  ['Forbidden.NoPermission', 'message'],
  denial,
  0,
  { cut: ['requestParameters'], unrecorded: 3 },
]

describe('docs/reference/events.md', () => {
  const event = renderEvent({ ...at, body: JSON.stringify(everything) })

  it('names every member of an event, and no other', () => {
    assert.deepEqual(Object.keys(event).sort(), namesIn('Members'))
  })

  it('names every member of additionalEventData and AccessDeniedDetail', () => {
    const data = event['additionalEventData'] as Record<string, object>
    assert.deepEqual(
      [...Object.keys(data), ...Object.keys(data['AccessDeniedDetail'] ?? {})].sort(),
      namesIn('Additional data'),
    )
  })

  it('names all work of the service', () => {
    assert.deepEqual(Object.keys(SERVICE_WORK).sort(), namesIn("The service's own work"))
    const service: StoredService = [2, 'DeleteKey', [['ACS::KMS::Key', 'k']]]
    const members = Object.keys(renderEvent({ ...at, body: JSON.stringify(service) }))
    assert.deepEqual(
      members.filter((name) => !namesIn('Members').includes(name)),
      [],
    )
  })
})
