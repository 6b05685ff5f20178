// New key versions, with their material.
import { asymmetricSpec } from '../keystore/key-spec.ts'
import type { Keystore } from '../keystore/keystore.ts'
import type { Scope } from '../ledger/record.ts'
import type { CmkBody, VersionBody } from './records.ts'

/** The record of a new version. */
interface NewVersion extends Scope {
  readonly id: string
  readonly parent: string
  readonly createdAt: number
  readonly body: VersionBody
}

/** Generates the material of a new version: a symmetric key or a key pair. Refuses as the key store does. */
export async function newVersion(
  { id: keyId, body: { keySpec, keyUsage, protectionLevel } }: { readonly id: string; readonly body: CmkBody },
  versionId: string,
  { keystore, scope, now }: { readonly keystore: Keystore; readonly scope: Scope; readonly now: number },
): Promise<NewVersion> {
  const { account, region } = scope
  const place = { account, region, keyId, versionId, keySpec, protectionLevel }
  const version = { account, region, id: versionId, parent: keyId, createdAt: now }
  if (!asymmetricSpec(keySpec)) return { ...version, body: { keyId, material: await keystore.generate(place) } }
  const { material, publicKey } = await keystore.generatePair(place, keyUsage)
  return { ...version, body: { keyId, material, publicKey: Buffer.from(publicKey).toString('base64') } }
}
