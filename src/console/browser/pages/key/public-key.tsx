import { Button } from 'antd'
import { CopyBox } from '../../parts/copy-box.tsx'
import { DownloadIcon } from '../../parts/icons.tsx'
import { Ready } from '../../parts/page.tsx'
import { download } from '../../service/download.ts'
import { useReply } from '../../service/queries.ts'
import { useTexts } from '../../texts/language.tsx'
import { versionTexts } from './versions.texts.ts'

interface Props {
  readonly keyId: string
  readonly versionId: string
}

/** The public key of a version in PEM, to copy or to download. */
export function PublicKey({ keyId, versionId }: Props) {
  const say = useTexts(versionTexts)
  const reply = useReply<{ readonly PublicKey: string }>('Kms', 'GetPublicKey', {
    KeyId: keyId,
    KeyVersionId: versionId,
  })
  return (
    <Ready of={reply}>
      {() =>
        reply.data && (
          <div className="public-key">
            <CopyBox label={say('public')} look="document" text={reply.data.PublicKey} />
            <Button
              icon={<DownloadIcon />}
              onClick={() => download(`${keyId}.${versionId}.pem`, reply.data.PublicKey)}
              size="small"
            >
              {say('public.download')}
            </Button>
          </div>
        )
      }
    </Ready>
  )
}
