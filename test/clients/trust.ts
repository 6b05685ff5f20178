// What docs/pods.md makes at a server for the pods of a cluster: its issuer, and roles that trust a service account.
import assert from 'node:assert/strict'
import type { Program } from '../acceptance/program.ts'
import type { Cluster } from './cluster.ts'

/** Reads secrets, as a parameter of the operations that attach policies. */
export const SECRETS_POLICY = { PolicyType: 'System', PolicyName: 'AliyunKMSSecretUserAccess' }

/** Calls an operation, which must succeed; answers its body. */
export async function must(server: Program, action: string, parameters: Record<string, string> = {}) {
  const { status, body } = await server.call(action, parameters)
  assert.equal(status, 200, `${action}: ${JSON.stringify(body)}`)
  return body
}

/** The same for RAM. */
export function ram(server: Program, action: string, parameters: Record<string, string>) {
  return must(server, action, { Version: '2015-05-01', ...parameters })
}

/** Flags of a server that fetches the keys of the cluster's tokens from its API. */
export function fetchingFrom({ issuer, caFile }: Cluster): readonly string[] {
  return ['--oidc-issuers', issuer, '--oidc-ca-file', caFile, '--oidc-private-addresses']
}

/** Makes the provider `cluster-1`; returns the statement of roles that trust a service account of the namespace `default`. */
export async function trusted(server: Program, IssuerUrl: string, serviceAccount: string): Promise<object> {
  const provider = { OIDCProviderName: 'cluster-1', IssuerUrl, ClientIds: 'sts.aliyuncs.com' }
  await must(server, 'CreateOIDCProvider', { Version: '2019-08-15', ...provider })
  const subject = `system:serviceaccount:default:${serviceAccount}`
  return {
    ...{ Effect: 'Allow', Action: 'sts:AssumeRole' },
    Principal: { Federated: [`acs:ram::${server.credentials.accountId}:oidc-provider/cluster-1`] },
    Condition: { StringEquals: { 'oidc:iss': IssuerUrl, 'oidc:sub': subject } },
  }
}

/** Makes a role whose trust policy has these statements. */
export function createRole(server: Program, RoleName: string, ...Statement: readonly object[]) {
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '1', Statement })
  return ram(server, 'CreateRole', { RoleName, AssumeRolePolicyDocument })
}
