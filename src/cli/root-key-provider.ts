// `strongroom root-key change-provider`: wraps the root keys with another file, a passphrase, or a key in an HSM.
import { HsmRootKeyProvider } from '../keystore/pkcs11/root-key.ts'
import { demandNewPassphrase, realKeyPath } from '../keystore/root-key.ts'
import { changeToFile, changeToHsm, changeToPassphrase, type LeftOver } from '../rootkeys/change-provider.ts'
import { recordDone } from '../rootkeys/due-events.ts'
import type { Flags } from '../settings/flags.ts'
import { rootKeyPath } from '../settings/root-key.ts'
import { fileOf } from '../settings/sources.ts'
import { UsageError } from '../settings/usage-error.ts'
import { keyInHsm, type RootKeyWork } from './root-key-work.ts'

type PlannedChange = { readonly to: 'file'; readonly path: string | null } | PassphraseChange | { readonly to: 'hsm' }

interface PassphraseChange {
  readonly to: 'passphrase'
  readonly file: string | null
}

/** Reads the new provider of the root keys from the flags. Throws UsageError. */
export function plannedChange(flags: Flags): PlannedChange {
  const [to, path, file] = [flags.get('to'), flags.get('new-root-key-file'), flags.get('new-passphrase-file')]
  if (to === 'file' && file === undefined) return { to, path: path ?? null }
  if (to === 'passphrase' && path === undefined) return { to, file: file ?? null }
  if (to === 'hsm' && path === undefined && file === undefined) return { to }
  throw new UsageError(
    '`--to` must be file, with --new-root-key-file FILE or without; passphrase, with --new-passphrase-file FILE or without; or hsm',
  )
}

/** Changes the provider, and prints what the operator has to do; returns the exit code. */
export async function changeProvider(change: PlannedChange, work: RootKeyWork): Promise<number> {
  const { settings, rooms, around } = work
  const { ring } = rooms
  const before = ring.record.body.rootKey === 'hsm' ? keyInHsm(ring) : null
  const former = ring.record.body.rootKey === 'file' ? realKeyPath(rootKeyPath(settings)) : null
  const left = await changed(change, former, work)
  if (before !== null)
    around.print(`${before} stays in the token: destroy it with the token's own tools when no backup needs it any more`)
  around.print('older backups need the former provider: its key file, its passphrase or its key in the HSM')
  for (const what of left) around.complain(`the change is made, but you must do this yourself: ${what}`)
  await recordDone('the provider of the root key is changed', ring, rooms)
  return left.length === 0 ? 0 : 1
}

async function changed(change: PlannedChange, former: string | null, work: RootKeyWork): Promise<LeftOver> {
  const { settings, rooms, around } = work
  const { ring, device, hsm, runtime, region } = rooms
  const occurrence = () => ({ at: runtime.now(), region })
  switch (change.to) {
    case 'file': {
      const path = realKeyPath(change.path ?? rootKeyPath(settings))
      const left = await changeToFile(ring, path, former, runtime, occurrence())
      around.print(`the root key now comes from the file ${path}: back it up, and start servers with it`)
      return left
    }
    case 'passphrase': {
      const left = await changeToPassphrase(ring, await newPassphrase(change, work), former, runtime, occurrence())
      around.print('the root key now comes from the passphrase: start servers with it')
      return left
    }
    case 'hsm': {
      if (!device || !hsm) throw new UsageError('no HSM is configured: set hsm-module and hsm-token')
      const left = await changeToHsm(
        ring,
        await HsmRootKeyProvider.create(device, hsm.tag, Date.now()),
        former,
        occurrence(),
      )
      const key = keyInHsm(ring)
      around.print(`the root key now comes from ${key}: back up the token, and start servers with its settings`)
      return left
    }
  }
}

async function newPassphrase({ file }: PassphraseChange, { around }: RootKeyWork): Promise<string> {
  if (file !== null) {
    const passphrase = fileOf('new-passphrase-file', file, around.readFile).replace(/\r?\n$/, '')
    if (passphrase === '') throw new UsageError(`\`${file}\` contains no passphrase`)
    demandNewPassphrase(passphrase)
    return passphrase
  }
  const { ask } = around
  if (!ask) throw new UsageError('there is no terminal to ask for the new passphrase: give it in a file')
  const passphrase = await ask('new passphrase: ')
  demandNewPassphrase(passphrase)
  if ((await ask('the same again: ')) !== passphrase) throw new UsageError('the two differ, and nothing was changed')
  return passphrase
}
