import { Button } from 'antd'
import { useState } from 'react'
import { Do } from '../../parts/allowed.tsx'
import { FileField } from '../../parts/file-field.tsx'
import { Refused } from '../../parts/refused.tsx'
import { useAttempt } from '../../service/attempt.ts'
import { materialOf, WEB_CRYPTO_HASHES, wrap } from '../../service/wrapping.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { importTexts } from '../import-material.texts.ts'
import type { WrappingProps } from './choice.ts'

/** Wraps a local file by WebCrypto. */
export function InBrowser({ choice, parameters, back, send }: WrappingProps) {
  const say = useTexts(importTexts)
  const common = useCommon()
  const [file, setFile] = useState<File | null>(null)
  const [written, setWritten] = useState<'raw' | 'hex' | 'base64' | 'wrong' | null>(null)
  const { error, busy, run } = useAttempt()
  const choose = async (chosen: File) => {
    setFile(chosen)
    const material = materialOf(await chosen.slice(0, 1024).arrayBuffer())
    setWritten(material && chosen.size <= 1024 ? material.written : 'wrong')
    material?.bytes.fill(0)
  }
  const go = () =>
    run(async () => {
      const material = file && materialOf(await file.arrayBuffer())
      if (!material) return setWritten('wrong')
      try {
        const wrapped = await wrap(
          material.bytes,
          parameters.PublicKey,
          WEB_CRYPTO_HASHES[choice.WrappingAlgorithm] ?? 'SHA-256',
        )
        await send(wrapped, parameters.ImportToken)
      } finally {
        material.bytes.fill(0)
      }
    })
  return (
    <>
      <FileField
        choose={say('file.choose')}
        help={written && written !== 'wrong' ? say(`file.${written}`) : say('file.help')}
        label={say('file')}
        name={file?.name ?? null}
        onFile={(chosen) => void choose(chosen)}
        wrong={written === 'wrong' ? say('file.wrong') : null}
      />
      <Refused error={error} />
      <div className="form-foot">
        <Do
          because={(!written || written === 'wrong') && say('file.first')}
          loading={busy}
          onClick={() => void go()}
          type="primary"
        >
          {say('wrap.do')}
        </Do>
        <Button onClick={back}>{common('do.back')}</Button>
      </div>
    </>
  )
}
