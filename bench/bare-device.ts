// The limit for keys in an HSM: only C_EncryptInit and C_Encrypt, in turn over as many sessions as the service has.
import pkcs11 from 'pkcs11js'

const [module = '', label = '', pin = '', sessions = '16', seconds = '2', parameters = ''] = process.argv.slice(2)
const lib = new pkcs11.PKCS11()
lib.load(module)
const flags = pkcs11.CKF_OS_LOCKING_OK
lib.C_Initialize(parameters === '' ? { flags } : { flags, libraryParameters: `${parameters} ` })
const slot = lib.C_GetSlotList(true).find((one) => lib.C_GetTokenInfo(one).label.trim() === label)
if (!slot) throw new Error(`no token ${label}`)
const all = Array.from({ length: Number(sessions) }, () =>
  lib.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION | pkcs11.CKF_RW_SESSION),
)
const [first] = all
if (!first) throw new Error('no session')
lib.C_Login(first, pkcs11.CKU_USER, pin)
lib.C_FindObjectsInit(first, [{ type: pkcs11.CKA_CLASS, value: pkcs11.CKO_SECRET_KEY }])
const [key] = lib.C_FindObjects(first, 1)
lib.C_FindObjectsFinal(first)
if (!key) throw new Error('the token has no key')

const plaintext = Buffer.alloc(44, 7)
const aad = Buffer.alloc(32, 1)
const iv = Buffer.alloc(12)
let count = 0
const start = performance.now()
while (performance.now() - start < Number(seconds) * 1000)
  for (const session of all) {
    iv.writeUInt32BE(++count)
    const parameter = { type: pkcs11.CK_PARAMS_GCM, iv, ivBits: 96, aad, tagBits: 128 }
    lib.C_EncryptInit(session, { mechanism: pkcs11.CKM_AES_GCM, parameter }, key)
    lib.C_Encrypt(session, plaintext, Buffer.allocUnsafe(60))
  }
process.stdout.write(JSON.stringify({ perSecond: (count * 1000) / (performance.now() - start) }))
