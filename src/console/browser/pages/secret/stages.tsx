import { Do, type Permission } from '../../parts/allowed.tsx'
import { CloseIcon } from '../../parts/icons.tsx'
import { Badge } from '../../parts/state.tsx'
import { useTexts } from '../../texts/language.tsx'
import { secretTexts } from '../secret.texts.ts'

/** The service's own stages. */
const TONES: Readonly<Record<string, string>> = { ACSCurrent: 'good', ACSPrevious: 'wait' }

/** Whether a user chose the stage, so that it can be removed. The service's own stages can only move. */
export function isCustom(stage: string): boolean {
  return !(stage in TONES)
}

interface Props {
  readonly stages: readonly string[]
  readonly permission: Permission
  readonly because: string | false
  readonly remove: (stage: string) => void
}

/** The stages of a version. */
export function Stages({ stages, permission, because, remove }: Props) {
  const say = useTexts(secretTexts)
  return stages.map((stage) => (
    <span className="stage" key={stage}>
      <Badge tone={TONES[stage] ?? 'idle'}>{stage}</Badge>
      {isCustom(stage) && (
        <Do
          aria-label={say('stage.remove', { stage })}
          because={because}
          icon={<CloseIcon />}
          onClick={() => remove(stage)}
          permission={permission}
          size="small"
          type="text"
        />
      )}
    </span>
  ))
}
