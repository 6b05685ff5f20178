import type { KeyState } from '../service/replies/keys.ts'
import { useCommon } from '../texts/language.tsx'

const TONES: Readonly<Record<KeyState, string>> = {
  Enabled: 'good',
  Disabled: 'idle',
  PendingImport: 'wait',
  PendingDeletion: 'bad',
}

export function KeyStateTag({ state }: { readonly state: KeyState }) {
  const say = useCommon()
  return <Badge tone={TONES[state] ?? 'idle'}>{say(`state.${state}`)}</Badge>
}

export function Badge({ tone, children }: { readonly tone: string; readonly children: string }) {
  return <span className={`badge ${tone}`}>{children}</span>
}
