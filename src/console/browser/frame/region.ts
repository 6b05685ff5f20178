// The region of the page in sight: the first part of its path, as in /console/cn-hangzhou/keys.
import { useParams } from 'react-router'
import { useSession } from '../service/session.tsx'

/** The region in the path; on pages that belong to no region, the one that was chosen last. */
export function useRegion(): string {
  const { region } = useParams()
  const session = useSession()
  const known = session.Regions.some(({ Id }) => Id === region)
  if (known && region) {
    chosen = region
    return region
  }
  return chosen && session.Regions.some(({ Id }) => Id === chosen) ? chosen : session.DefaultRegion
}

let chosen = ''
