import { useIsFetching } from '@tanstack/react-query'
import { Button, Drawer, Select, Tooltip } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { NavLink, Outlet, useLocation, useNavigate } from 'react-router'
import { DropMenu } from '../parts/drop-menu.tsx'
import { LanguageIcon, MenuIcon, MoonIcon, SunIcon, UserIcon } from '../parts/icons.tsx'
import { forgetCalls } from '../service/noted-calls.ts'
import { paths } from '../service/paths.ts'
import { useSession } from '../service/session.tsx'
import { useCommon, useDates } from '../texts/language.tsx'
import type { usePreferences } from './preferences.ts'
import { useRegion } from './region.ts'

interface Props {
  readonly preferences: ReturnType<typeof usePreferences>
  readonly leave: () => Promise<void>
}

/** What stands around every page: region and account above, navigation at the side. */
export function Frame({ preferences, leave }: Props) {
  const say = useCommon()
  const { pathname } = useLocation()
  const [open, setOpen] = useState(false)
  const asking = useIsFetching() > 0
  const shown = useRef<string>(null)
  useEffect(() => {
    setOpen(false)
    forgetCalls()
    // On the first page the focus starts at the top; on later pages it starts at the content.
    if (shown.current !== null && shown.current !== pathname) {
      document.getElementById('content')?.focus({ preventScroll: true })
      window.scrollTo(0, 0)
    }
    shown.current = pathname
  }, [pathname])
  return (
    <div className="frame">
      <a className="skip" href="#content">
        {say('frame.skip')}
      </a>
      <header className="top">
        <Button
          aria-label={say('frame.navigation')}
          className="menu-button"
          icon={<MenuIcon />}
          onClick={() => setOpen(true)}
          type="text"
        />
        <NavLink aria-label="Strongroom" className="brand" to="/">
          <Mark />
          <span>Strongroom</span>
        </NavLink>
        <RegionSelect />
        <span className="grow" />
        <Appearance preferences={preferences} />
        <Account leave={leave} />
      </header>
      <nav aria-label={say('frame.navigation')} className="side">
        <Navigation />
      </nav>
      <Drawer onClose={() => setOpen(false)} open={open} placement="left" size={260} title="Strongroom">
        <nav aria-label={say('frame.navigation')}>
          <Navigation />
        </nav>
      </Drawer>
      <main aria-busy={asking} id="content" tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  )
}

export function Mark() {
  return (
    <svg aria-hidden="true" className="mark" viewBox="0 0 32 32">
      <rect height="26" rx="5" width="26" x="3" y="3" />
      <circle cx="16" cy="16" fill="none" r="8" />
      <path d="M16 10v12M10 16h12" />
    </svg>
  )
}

/** Changes the region, and keeps the kind of page. */
function RegionSelect() {
  const say = useCommon()
  const { Regions } = useSession()
  const region = useRegion()
  const navigate = useNavigate()
  const { pathname } = useLocation()
  const to = (id: string) => {
    const [, first, page = 'overview', sub] = pathname.split('/')
    const regional = Regions.some((one) => one.Id === first)
    navigate(regional ? `/${id}/${page}${page === 'cryptography' && sub ? `/${sub}` : ''}` : paths.keys(id))
  }
  return (
    <Select
      aria-label={say('frame.region')}
      className="region"
      onChange={to}
      options={Regions.map(({ Id, Hsm }) => ({ value: Id, label: Hsm ? `${Id} · HSM` : Id }))}
      popupMatchSelectWidth={false}
      showSearch
      value={region}
      variant="filled"
    />
  )
}

function Navigation() {
  const say = useCommon()
  const region = useRegion()
  const groups = [
    { title: null, items: [['nav.overview', paths.overview(region), `/${region}/overview`]] },
    {
      title: say('nav.kms'),
      items: [
        ['nav.keys', paths.keys(region), `/${region}/keys`],
        ['nav.secrets', paths.secrets(region), `/${region}/secrets`],
        ['nav.cryptography', paths.cryptography(region), `/${region}/cryptography`],
        ['nav.hsm', paths.hsm(region), `/${region}/hsm`],
      ],
    },
    {
      title: say('nav.trail'),
      items: [
        ['nav.events', paths.events(region), `/${region}/events`],
        ['nav.trails', paths.trails(region), `/${region}/trails`],
      ],
    },
    {
      title: say('nav.ram'),
      items: [
        ['nav.users', paths.users, paths.users],
        ['nav.groups', paths.groups, paths.groups],
        ['nav.roles', paths.roles, paths.roles],
        ['nav.oidc-providers', paths.oidcProviders, paths.oidcProviders],
        ['nav.policies', paths.policies, paths.policies],
        ['nav.simulator', paths.simulator, paths.simulator],
        ['nav.settings', paths.settings, paths.settings],
      ],
    },
  ] as const
  const { pathname } = useLocation()
  return (
    <>
      {groups.map(({ title, items }) => (
        <div className="nav-group" key={title ?? 'top'}>
          {title && <div className="nav-title">{title}</div>}
          {items.map(([label, to, root]) => {
            const here = pathname === root || pathname.startsWith(`${root}/`)
            return (
              <NavLink
                aria-current={here ? 'page' : undefined}
                className={here ? 'nav-link here' : 'nav-link'}
                key={to}
                to={to}
              >
                {say(label)}
              </NavLink>
            )
          })}
        </div>
      ))}
      <div className="nav-group">
        <a className="nav-link" href="/docs/" rel="noreferrer" target="_blank">
          {say('nav.docs')}
        </a>
      </div>
    </>
  )
}

export function Appearance({ preferences }: { readonly preferences: Props['preferences'] }) {
  const say = useCommon()
  const { language, theme, setLanguage, setTheme } = preferences
  const other = theme === 'dark' ? 'light' : 'dark'
  return (
    <>
      <Button
        aria-label={say('frame.language')}
        className="language"
        icon={<LanguageIcon />}
        lang={language === 'en' ? 'zh-CN' : 'en'}
        onClick={() => setLanguage(language === 'en' ? 'zh' : 'en')}
        type="text"
      >
        {say('frame.language')}
      </Button>
      <Tooltip title={say(`frame.${other}`)}>
        <Button
          aria-label={say(`frame.${other}`)}
          icon={theme === 'dark' ? <SunIcon /> : <MoonIcon />}
          onClick={() => setTheme(other)}
          type="text"
        />
      </Tooltip>
    </>
  )
}

function Account({ leave }: { readonly leave: () => Promise<void> }) {
  const say = useCommon()
  const session = useSession()
  const navigate = useNavigate()
  const name =
    session.Type === 'root-account'
      ? say('frame.root')
      : `${session.UserName}@${session.AccountAlias || session.AccountId}`
  return (
    <DropMenu
      items={[
        {
          key: 'facts',
          type: 'group',
          label: <AccountFacts name={name} />,
        },
        ...(session.Type === 'ram-user'
          ? [{ key: 'security', label: say('frame.security'), onClick: () => void navigate(paths.security) }]
          : []),
        { key: 'logoff', label: say('frame.logoff'), onClick: () => void leave() },
      ]}
      placement="bottomRight"
    >
      <Button aria-label={`${say('frame.account')}: ${name}`} icon={<UserIcon />} type="text">
        <span className="account-name">{name}</span>
      </Button>
    </DropMenu>
  )
}

/** Rendered when the menu opens: the first date costs the browser its data about languages. */
function AccountFacts({ name }: { readonly name: string }) {
  const say = useCommon()
  const dates = useDates()
  const { AccountId, MFAAuthenticated, ExpiresAt, Version, Dev } = useSession()
  return (
    <div className="account-facts">
      <strong>{name}</strong>
      <code className="mono">{AccountId}</code>
      {MFAAuthenticated && <span>{say('frame.mfa')}</span>}
      <span>{say('frame.expires', { when: dates.full(ExpiresAt) })}</span>
      <span>
        Strongroom {Version}
        {Dev && ` · ${say('frame.dev')}`}
      </span>
    </div>
  )
}
