// Terraform with the provider alicloud: every resource that the service supports is made, planned again, updated, imported and destroyed.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Program, removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { installed, leftOut } from './installed.ts'

const TERRAFORM = installed('terraform', 'STRONGROOM_TEST_TERRAFORM')
const PROVIDER = installed('terraform-provider-alicloud', 'STRONGROOM_TEST_TERRAFORM_PROVIDER')
const lacking = [...(TERRAFORM ? [] : ['terraform']), ...(PROVIDER ? [] : ['terraform-provider-alicloud'])]
/** What `terraform plan -detailed-exitcode` answers. */
const NO_CHANGES = 0

describe('Terraform', { skip: leftOut(lacking) }, () => {
  const folder = temporaryFolder()
  let server: Program

  /** Runs terraform on the configuration, at this step of it. */
  const terraform = async (step: 1 | 2, ...args: string[]) => {
    const child = spawn(TERRAFORM ?? '', args, {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        CHECKPOINT_DISABLE: '1',
        TF_INPUT: '0',
        TF_CLI_ARGS: '-no-color',
        TF_CLI_CONFIG_FILE: join(folder, 'terraform.rc'),
        TF_VAR_step: String(step),
        TF_VAR_address: new URL(server.endpoint).host,
        TF_VAR_account: server.credentials.accountId,
        TF_VAR_access_key: server.credentials.accessKeyId,
        TF_VAR_secret_key: server.credentials.accessKeySecret,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
    return { code, out, said: `${out}${err}` }
  }
  const must = async (step: 1 | 2, ...args: string[]) => {
    const { code, out, said } = await terraform(step, ...args)
    assert.equal(code, 0, said)
    return out
  }
  const showsNothing = async (step: 1 | 2) => {
    const { code, said } = await terraform(step, 'plan', '-detailed-exitcode')
    assert.equal(code, NO_CHANGES, said)
  }
  const called = async (action: string, parameters: Record<string, string> = {}) => {
    const { status, body } = await server.call(action, { RegionId: 'cn-beijing', ...parameters })
    assert.equal(status, 200, JSON.stringify(body))
    return body
  }

  before(async () => {
    mkdirSync(join(folder, 'provider'))
    symlinkSync(PROVIDER ?? '', join(folder, 'provider/terraform-provider-alicloud'))
    const override = `dev_overrides { "aliyun/alicloud" = "${join(folder, 'provider')}" }`
    writeFileSync(join(folder, 'terraform.rc'), `provider_installation {\n  ${override}\n}\n`)
    copyFileSync(fileURLToPath(new URL('terraform/main.tf', import.meta.url)), join(folder, 'main.tf'))
    server = await startProgram({ data: join(folder, 'data'), flags: ['--region', 'cn-beijing'] })
  })
  after(async () => {
    await server.stop()
    removeFolder(folder)
  })

  it('makes every resource, and a plan after it shows nothing', async () => {
    await must(1, 'apply', '-auto-approve')
    await showsNothing(1)
  })

  it('reads what there is by its data sources', async () => {
    const read = JSON.parse(await must(1, 'output', '-json', 'read'))
    assert.deepEqual(read, {
      ...{ keys: 1, aliases: 1, plaintext: 'aGVsbG8=', versions: 1, secrets: 1, values: 1 },
      ...{
        users: 1,
        groups: 1,
        roles: 1,
        policies: 1,
        system: 1,
        alias: 'shop-one',
        attached: 1,
        providers: 1,
        trails: 1,
      },
    })
  })

  it('updates them, and a plan after it shows nothing', async () => {
    await must(2, 'apply', '-auto-approve')
    await showsNothing(2)
  })

  for (const [address, id] of [
    ['alicloud_kms_alias.main', 'alias/main'],
    ['alicloud_kms_secret.full', 'full'],
    ['alicloud_ram_role.app', 'app'],
    ['alicloud_ram_policy.readers', 'readers'],
    ['alicloud_ram_user_policy_attachment.named', 'user:readers:Custom:named'],
    ['alicloud_ims_oidc_provider.cluster', 'cluster'],
    ['alicloud_actiontrail_trail.full', 'full-trail'],
  ] as const)
    it(`imports ${address}`, async () => {
      await must(2, 'state', 'rm', address)
      await must(2, 'import', address, id)
      const state = await must(2, 'show', '-json')
      const { resources } = JSON.parse(state).values.root_module
      assert.ok(resources.some((resource: { address: string }) => resource.address === address))
    })

  it('destroys them, and nothing is left', async () => {
    await must(2, 'destroy', '-auto-approve')
    const ram = { Version: '2015-05-01' }
    assert.deepEqual((await called('ListUsers', ram)).Users.User, [])
    assert.deepEqual((await called('ListGroups', ram)).Groups.Group, [])
    assert.deepEqual((await called('ListRoles', ram)).Roles.Role, [])
    assert.deepEqual((await called('ListPolicies', { ...ram, PolicyType: 'Custom' })).Policies.Policy, [])
    assert.deepEqual((await called('DescribeTrails', { Version: '2020-07-06' })).TrailList, [])
    const { Alias } = (await called('ListAliases')).Aliases
    // Keys of the service itself stay.
    assert.deepEqual(
      Alias.filter((one: { AliasName: string }) => !one.AliasName.startsWith('alias/acs/')),
      [],
    )
    const { SecretList } = await called('ListSecrets')
    assert.deepEqual(SecretList.Secret.map((secret: { SecretName: string }) => secret.SecretName).sort(), ['full'])
    const { Keys } = await called('ListKeys', { PageSize: '100' })
    for (const { KeyId } of Keys.Key) {
      const { KeyState, Creator } = (await called('DescribeKey', { KeyId })).KeyMetadata
      if (Creator === server.credentials.accountId) assert.equal(KeyState, 'PendingDeletion')
    }
  })
})
