// The rooms that a worker reaches through the owner of the database: limits, the keys of issuers, the ring of root keys. notes.ts and
// remote-hsm.ts have the others.
import type { AttemptLimits } from '../../console/attempts.ts'
import type { RateLimits } from '../../gateway/limiting.ts'
import type { ProviderName, RootKeyProvider } from '../../keystore/root-key-provider.ts'
import type { Channel } from '../../storage/remote/channel.ts'
import type { IssuerSource } from '../../sts/oidc/issuer.ts'
import type { OwnerMethods } from './protocol.ts'

/** The channel from a worker to the owner. */
export type ToOwner = Channel<OwnerMethods>

/** The limits of the server, which the owner holds for all workers. */
export function remoteLimits(owner: ToOwner): RateLimits {
  return {
    admit: (rates, { account, region }, { product, name }, now) =>
      rates.has(`${product.name}.${name}`) ? owner.ask('admit', account, region, product.name, name, now) : 'admitted',
    admitAnonymous: (rate, whose, _, now) => owner.ask('admitAnonymous', rate, whose, now),
    refused: {
      admit: (account, caller, bytes, perSecond, now) =>
        owner.ask('refused.admit', account, caller, bytes, perSecond, now),
      admitCopy: (payer, paid, bytes, _, now) => owner.ask('refused.admitCopy', payer, paid, bytes, now),
      untold: (account, unrecorded) => owner.tell('refused.untold', account, unrecorded),
      untoldCopy: (payer, paid, unrecorded) => owner.tell('refused.untoldCopy', payer, paid, unrecorded),
      skip: (account, _, now) => owner.tell('refused.skip', account, now),
    },
  }
}

/** The keys of issuers, which the owner fetches for all workers. */
export function remoteIssuers(owner: ToOwner): IssuerSource {
  return { keysOf: (issuer, now, newerThan) => owner.ask('issuer.keysOf', issuer, now, newerThan) }
}

/** The attempts to log on, which the owner counts for all workers. */
export function remoteAttempts(owner: ToOwner): AttemptLimits {
  return {
    admit: (source, name, now) => owner.ask('attempts.admit', source, name, now),
    succeeded: (attempt) => owner.tell('attempts.succeeded', attempt),
  }
}

/**
 * A provider of the root keys that asks the owner, which has the real provider. So the unwrapped ring travels only between processes, in
 * memory.
 */
export class OwnersProvider implements RootKeyProvider {
  readonly title = 'owner of the database'
  readonly name: ProviderName
  readonly #owner: ToOwner

  constructor(name: ProviderName, owner: ToOwner) {
    this.name = name
    this.#owner = owner
  }

  async wrap(): Promise<Uint8Array> {
    throw new Error('a worker changes no root keys')
  }

  unwrap(wrapped: Uint8Array): Promise<Uint8Array | null> {
    return this.#owner.ask('unwrap', wrapped)
  }
}
