import { Alert } from 'antd'
import { useState } from 'react'
import { useParams } from 'react-router'
import { Do } from '../../parts/allowed.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { Mono } from '../../parts/mono.tsx'
import { Facts, Page, Ready, Section } from '../../parts/page.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { When } from '../../parts/when.tsx'
import { useArns } from '../../service/arns.ts'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange, useReply } from '../../service/queries.ts'
import type { OidcProvider } from '../../service/replies/ram.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { useDeletion } from './deletion.tsx'
import { oidcTexts } from './oidc.texts.ts'

interface Change {
  readonly NewDescription?: string
  readonly ClientIds?: string
  readonly IssuanceLimitTime?: number
}

export default function OidcProviderPage() {
  const common = useCommon()
  const { name = '' } = useParams()
  const deletion = useDeletion('OIDCProvider', name, paths.oidcProviders)
  const reading = useReply<{ OIDCProvider: OidcProvider }>('Ims', 'GetOIDCProvider', { OIDCProviderName: name })
  const provider = reading.data?.OIDCProvider
  return (
    <Page
      actions={deletion.button}
      crumbs={[{ label: common('nav.oidc-providers'), to: paths.oidcProviders }]}
      lead={provider?.Description}
      name={name}
      title={name}
    >
      <Ready of={reading}>{() => provider && <Details provider={provider} />}</Ready>
      {deletion.dialog}
    </Page>
  )
}

function Details({ provider }: { readonly provider: OidcProvider }) {
  const say = useTexts(oidcTexts)
  const common = useCommon()
  const [isOpen, setOpen] = useState(false)
  const { OIDCProviderName } = provider
  const permission = usePermissions(useArns().ram(`oidc-provider/${OIDCProviderName}`), ['ims:UpdateOIDCProvider'])
  const change = useChange((values: Change, region) =>
    call('Ims', 'UpdateOIDCProvider', region, {
      OIDCProviderName,
      ...values,
      NewDescription: values.NewDescription ?? '',
      ClientIds: values.ClientIds || undefined,
    }),
  )
  return (
    <>
      <Alert showIcon title={say('subject.warning')} type="warning" />
      <Section
        actions={
          <Do onClick={() => setOpen(true)} permission={permission('ims:UpdateOIDCProvider')} size="small">
            {say('provider.edit')}
          </Do>
        }
        title={say('details')}
      >
        <Facts
          of={[
            [say('arn'), <Mono key="arn" label={say('arn')} text={provider.Arn} />],
            [say('issuer'), <Mono key="issuer" text={provider.IssuerUrl} />],
            [say('clients'), <Listed key="clients" text={provider.ClientIds} />],
            [say('fingerprints'), <Listed key="fingerprints" text={provider.Fingerprints} />],
            [say('age'), String(provider.IssuanceLimitTime)],
            [common('field.created'), <When date={provider.CreateDate} key="created" />],
          ]}
        />
      </Section>
      {isOpen && (
        <FormDialog<Change>
          close={() => setOpen(false)}
          initial={{
            NewDescription: provider.Description,
            ClientIds: provider.ClientIds ?? '',
            IssuanceLimitTime: provider.IssuanceLimitTime,
          }}
          of="Ims.UpdateOIDCProvider"
          permission={permission('ims:UpdateOIDCProvider')}
          run={(values) => change.mutateAsync(values)}
          title={say('provider.edit')}
          verb={common('do.ok')}
        >
          <ParameterField extra={say('clients.note')} label={say('clients')} name="ClientIds" />
          <ParameterField label={say('age')} name="IssuanceLimitTime" />
          <ParameterField label={common('field.description')} name="NewDescription" />
        </FormDialog>
      )}
    </>
  )
}

/** The items of a list that the service returns as one text. */
function Listed({ text }: { readonly text: string | undefined }) {
  const say = useTexts(oidcTexts)
  if (text === undefined) return <span className="muted">{say('none')}</span>
  return text.split(',').map((one) => (
    <div key={one}>
      <Mono text={one} />
    </div>
  ))
}
