// The verifier of a password that PostgreSQL keeps (SCRAM-SHA-256, RFC 7677).
import assert from 'node:assert/strict'
import { createHmac, hash } from 'node:crypto'
import { describe, it } from 'node:test'
import { scramVerifier } from '../../src/cryptography/scram.ts'

describe('a verifier by SCRAM-SHA-256', () => {
  it('verifies the client and proves the server as the exchange of RFC 7677 does', async () => {
    const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
    const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0'
    const exchanged = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=${salt.toString('base64')},i=4096,c=biws,r=${nonce}`
    const verifier = await scramVerifier('pencil', salt)
    const [, stored = '', server = ''] =
      /^SCRAM-SHA-256\$4096:W22ZaJ0SNY7soEsUEjb6gQ==\$(.{44}):(.{44})$/.exec(verifier) ?? []
    const signed = (key: string) => createHmac('sha256', Buffer.from(key, 'base64')).update(exchanged).digest()
    assert.equal(signed(server).toString('base64'), '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')
    const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64')
    const signature = signed(stored)
    const clientKey = proof.map((byte, at) => byte ^ (signature[at] ?? 0))
    assert.equal(hash('sha256', clientKey, 'base64'), stored)
  })
})
