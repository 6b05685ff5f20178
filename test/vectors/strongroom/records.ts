// Records.
import { hkdf, hmac } from './primitives.ts'
import { ACCOUNT, hex, KEY_ID, OLDER_ROOT, REGION, ROOT, VERSION_ID, vector } from './vector.ts'

const row = {
  kind: 'alias',
  account: ACCOUNT,
  region: REGION,
  id: 'alias/a',
  parent: KEY_ID,
  createdAt: 1_795_512_600_000,
  dueAt: null,
  revision: 3,
  body: '{"keyId":"ü"}',
}
const macOf = (
  { kind, account, region, id, parent, createdAt, dueAt, revision, body }: Readonly<Record<string, unknown>>,
  root = ROOT,
) =>
  hmac(
    'sha256',
    hkdf(root, 'strongroom/record-mac/1'),
    JSON.stringify([kind, account, region, id, parent, createdAt, dueAt, revision, body]),
  )
/** `expect` is `authentic` or `forged`. */
function record(claim: string, of: Readonly<Record<string, unknown>>, mac: Uint8Array, more: object = {}): void {
  vector('record', claim, { roots: [hex(ROOT)], row: of, mac: hex(mac), expect: 'forged', ...more })
}
record('authentic', row, macOf(row), { expect: 'authentic' })
const bare = { ...row, parent: null, dueAt: 1_795_599_000_000 }
record('without_a_parent_and_due', bare, macOf(bare), { expect: 'authentic' })
record('under_an_older_root_of_the_ring', row, macOf(row, OLDER_ROOT), {
  roots: [hex(ROOT), hex(OLDER_ROOT)],
  older: true,
  expect: 'authentic',
})
record('under_a_root_that_was_dropped', row, macOf(row, OLDER_ROOT))
for (const [member, other] of Object.entries({
  kind: 'cmk',
  account: '6543210987654321',
  region: 'cn-beijing',
  id: 'alias/b',
  parent: VERSION_ID,
  createdAt: 0,
  dueAt: 0,
  revision: 4,
  body: '{"keyId":"u"}',
}))
  record(`${member}_altered`.toLowerCase(), { ...row, [member]: other }, macOf(row))
record('parent_null_is_not_the_text_null', { ...bare, parent: 'null' }, macOf(bare))
record('fields_do_not_run_together', { ...row, kind: 'alia', account: `s${ACCOUNT}` }, macOf(row))
record('body_with_white_space', { ...row, body: '{"keyId": "ü"}' }, macOf(row))
record('mac_cut', row, macOf(row).subarray(0, 31))
record('mac_empty', row, Buffer.alloc(0))
