// The methods that the owner of the database offers its workers, by their names in protocol.ts.
import type { Dealer, Taker } from '../../gateway/dealing.ts'
import type { House } from '../../gateway/house.ts'
import type { RefusalLog } from '../../gateway/observer.ts'
import { DeviceTime, type Keystore, Unreachable } from '../../keystore/keystore.ts'
import { storageMethods } from '../../storage/remote/remote-storage.ts'
import type { WitnessedHouse } from '../witnessed.ts'
import type { OwnerMethods } from './protocol.ts'

export interface Owner {
  readonly rooms: WitnessedHouse
  readonly house: House
  readonly dealer: Dealer
  readonly observer: RefusalLog
  /** Whether the whole server is ready. */
  ready(): Promise<boolean>
}

/** The methods for one worker. */
export function servedTo(taker: Taker, { rooms, house, dealer, observer, ready }: Owner): OwnerMethods {
  const { storage, ring, witness, rateLimiter, issuers, attempts, usage, lastUsed } = rooms
  const { refused } = rateLimiter
  const { settings } = house
  const perSecond = settings.refusedBytesPerSecond
  return {
    ...storageMethods(storage),
    ...hsmMethods(rooms),
    unwrap: async (wrapped) => {
      // The worker may have read a newer record than this process has seen.
      await ring.look()
      return ring.provider.unwrap(wrapped)
    },
    ready,
    saw: (heads) => witness.saw(heads),
    rewound: (heads) => witness.rewound(heads),
    admit: (account, region, product, name, now) => {
      const rates = settings.accounts.get(account)?.rates ?? settings.rates
      return rateLimiter.admit(rates, { account, region }, { product: { name: product }, name }, now)
    },
    admitAnonymous: (rate, whose, now) => rateLimiter.admitAnonymous(rate, whose, settings.oidc.callsPerSecond, now),
    'issuer.keysOf': (issuer, now, newerThan) => issuers.keysOf(issuer, now, newerThan),
    'refused.admit': (account, caller, bytes, rate, now) => refused.admit(account, caller, bytes, rate, now),
    'refused.admitCopy': (payer, owner, bytes, now) => refused.admitCopy(payer, owner, bytes, perSecond, now),
    'refused.untold': (account, unrecorded) => refused.untold(account, unrecorded),
    'refused.untoldCopy': (payer, owner, unrecorded) => refused.untoldCopy(payer, owner, unrecorded),
    'refused.skip': (account, now) => refused.skip(account, perSecond, now),
    'attempts.admit': (source, name, now) => attempts.admit(source, name, now),
    'attempts.succeeded': (attempt) => attempts.succeeded(attempt),
    uses: (noted) => {
      for (const { place, uses } of noted) usage.note(place, uses)
    },
    reserve: (place, count, limit) => usage.reserve(place, count, limit),
    lastUsed: (noted) => {
      for (const [accessKeyId, at] of noted) lastUsed.note(accessKeyId, at)
    },
    logged: (fields, message) => observer.relay(fields, message),
    lastUsedAt: (accessKeyId) => lastUsed.at(accessKeyId),
    recognized: (numbers) => dealer.recognized(taker, numbers),
    called: (numbers) => dealer.called(taker, numbers),
    closed: (numbers) => dealer.closed(taker, numbers),
  }
}

function hsmMethods({ hsm, hsmTokens, runtime }: Pick<WitnessedHouse, 'hsm' | 'hsmTokens' | 'runtime'>) {
  const store = (): Keystore => {
    if (hsm) return hsm
    throw new Unreachable('no HSM is configured', false)
  }
  /** The device time of a call that has already waited for `spentMs`. */
  const after = (spentMs: number) => {
    const time = new DeviceTime()
    time.left(0, runtime.monotonic() - spentMs)
    return time
  }
  return {
    'hsm.generate': (place) => store().generate(place),
    'hsm.encrypt': async (place, material, plaintext, aad, spentMs) =>
      store().encrypt(place, material, plaintext, aad, after(spentMs)),
    'hsm.decrypt': async (place, material, message, aad, spentMs) =>
      store().decrypt(place, material, message, aad, after(spentMs)),
    'hsm.generatePair': (place, usage) => store().generatePair(place, usage),
    'hsm.sign': (place, material, algorithm, digest, spentMs) =>
      store().sign(place, material, algorithm, digest, after(spentMs)),
    'hsm.decryptAsymmetric': (place, material, algorithm, ciphertext, spentMs) =>
      store().decryptAsymmetric(place, material, algorithm, ciphertext, after(spentMs)),
    'hsm.demandDecryption': (place, algorithm, spentMs) => store().demandDecryption(place, algorithm, after(spentMs)),
    'hsm.describe': hsmTokens,
    'hsm.forget': (material, versionId) => store().forget(material, versionId),
    'hsm.destroy': (material) => store().destroy(material),
    'hsm.wrappingKey': (purpose) => store().wrappingKey(purpose),
    'hsm.importMaterial': (place, wrapping, wrapped, expected) =>
      store().importMaterial(place, wrapping, wrapped, expected),
  } satisfies Partial<OwnerMethods>
}
