import { Button } from 'antd'
import { useState } from 'react'
import { Do } from '../../parts/allowed.tsx'
import { CopyBox } from '../../parts/copy-box.tsx'
import { DownloadIcon } from '../../parts/icons.tsx'
import { OperationForm, UnplacedRefusal } from '../../parts/operation-form.tsx'
import { ParameterFile } from '../../parts/parameter-file.tsx'
import { useAttempt } from '../../service/attempt.ts'
import { download } from '../../service/download.ts'
import { opensslLines } from '../../service/wrapping.ts'
import { useCommon, useDates, useTexts } from '../../texts/language.tsx'
import { importTexts } from '../import-material.texts.ts'
import type { WrappingProps } from './choice.ts'

/** The downloads of public key and token, the commands of OpenSSL, and the upload of their output. */
export function WithOpenssl({ keyId, choice, parameters, back, send }: WrappingProps) {
  const say = useTexts(importTexts)
  const common = useCommon()
  const dates = useDates()
  const [material, setMaterial] = useState<File | null>(null)
  const [token, setToken] = useState<File | null>(null)
  const { error, busy, run } = useAttempt()
  const names = {
    key: `PublicKey_${keyId}_${choice.WrappingAlgorithm}.base64.txt`,
    token: `ImportToken_${keyId}_${choice.WrappingAlgorithm}.base64.txt`,
  }
  const make = `openssl rand -out material.bin 32   # ${say('lines.make')}`
  const lines = [make, ...opensslLines(choice.WrappingAlgorithm, names.key)]
  const go = () => run(async () => send(await textOf(material), await textOf(token)))
  return (
    <OperationForm error={error} of="Kms.ImportKeyMaterial" onFinish={() => void go()}>
      <p>{say('download.help', { date: dates.full(parameters.TokenExpireTime) })}</p>
      <div className="row-actions">
        <Button icon={<DownloadIcon />} onClick={() => download(names.key, parameters.PublicKey)}>
          {say('download.key')}
        </Button>
        <Button icon={<DownloadIcon />} onClick={() => download(names.token, parameters.ImportToken)}>
          {say('download.token')}
        </Button>
      </div>
      <p>{say('lines')}</p>
      <CopyBox label="openssl" text={lines.join('\n')} />
      <ParameterFile
        choose={say('file.choose')}
        help={say('upload.help')}
        label={say('upload.material')}
        name={material?.name ?? null}
        onFile={setMaterial}
        parameter="EncryptedKeyMaterial"
      />
      <ParameterFile
        choose={say('file.choose')}
        label={say('upload.token')}
        name={token?.name ?? null}
        onFile={setToken}
        parameter="ImportToken"
      />
      <UnplacedRefusal />
      <div className="form-foot">
        <Do because={!(material && token) && say('files.first')} htmlType="submit" loading={busy} type="primary">
          {common('do.ok')}
        </Do>
        <Button onClick={back}>{common('do.back')}</Button>
      </div>
    </OperationForm>
  )
}

/** Base64 from tools, with or without line breaks. */
async function textOf(file: File | null): Promise<string> {
  return ((await file?.slice(0, 65_536).text()) ?? '').replace(/\s+/g, '')
}
