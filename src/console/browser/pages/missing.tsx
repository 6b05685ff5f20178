import { Link } from 'react-router'
import { useRegion } from '../frame/region.ts'
import { Page } from '../parts/page.tsx'
import { paths } from '../service/paths.ts'
import { useCommon } from '../texts/language.tsx'

export default function MissingPage() {
  const say = useCommon()
  const region = useRegion()
  return (
    <Page name={say('missing.title')} title={say('missing.title')}>
      <p>
        <Link to={paths.overview(region)}>{say('missing.back')}</Link>
      </p>
    </Page>
  )
}
