import { Link, useNavigate } from 'react-router'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { Page } from '../../parts/page.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { When } from '../../parts/when.tsx'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { useChange } from '../../service/queries.ts'
import type { OidcProvider, Paged } from '../../service/replies/ram.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { useCreation } from './creation.tsx'
import { MarkedList } from './marked-list.tsx'
import { oidcTexts } from './oidc.texts.ts'
import { ramTexts } from './ram.texts.ts'

interface NewProvider {
  readonly OIDCProviderName: string
  readonly IssuerUrl: string
  readonly ClientIds?: string
  readonly Fingerprints?: string
  readonly Description?: string
  readonly IssuanceLimitTime?: number
}

export default function OidcProvidersPage() {
  const say = useTexts(oidcTexts)
  const ram = useTexts(ramTexts)
  const common = useCommon()
  const navigate = useNavigate()
  const creation = useCreation('OIDCProvider')
  const create = useChange((values: NewProvider, region) => call('Ims', 'CreateOIDCProvider', region, { ...values }))
  return (
    <Page
      actions={creation.button}
      lead={say('providers.lead')}
      name={common('nav.oidc-providers')}
      title={common('nav.oidc-providers')}
    >
      <MarkedList<OidcProvider, Paged & { OIDCProviders: { OIDCProvider: OidcProvider[] } }>
        columns={[
          {
            title: say('provider.name'),
            key: 'name',
            render: (_, { OIDCProviderName }) => (
              <Link to={paths.oidcProvider(OIDCProviderName)}>{OIDCProviderName}</Link>
            ),
          },
          { title: say('issuer'), dataIndex: 'IssuerUrl' },
          { title: common('field.description'), dataIndex: 'Description' },
          { title: common('field.created'), dataIndex: 'CreateDate', render: (date: string) => <When date={date} /> },
        ]}
        next={creation.button}
        none={say('providers.none')}
        operation="ListOIDCProviders"
        product="Ims"
        rowKey={({ Arn }) => Arn}
        rows={({ OIDCProviders }) => OIDCProviders.OIDCProvider}
      />
      {creation.isOpen && (
        <FormDialog<NewProvider>
          close={creation.close}
          done={(values) => void navigate(paths.oidcProvider(values.OIDCProviderName))}
          of="Ims.CreateOIDCProvider"
          permission={creation.permission}
          run={(values) => create.mutateAsync(values)}
          title={ram('OIDCProvider.create')}
          verb={common('do.ok')}
        >
          <ParameterField label={say('provider.name')} name="OIDCProviderName" />
          <ParameterField extra={say('issuer.note')} label={say('issuer')} name="IssuerUrl" />
          <ParameterField extra={say('clients.note')} label={say('clients')} name="ClientIds" />
          <ParameterField extra={say('fingerprints.note')} label={say('fingerprints')} name="Fingerprints" />
          <ParameterField label={say('age')} name="IssuanceLimitTime" />
          <ParameterField label={common('field.description')} name="Description" />
        </FormDialog>
      )}
    </Page>
  )
}
