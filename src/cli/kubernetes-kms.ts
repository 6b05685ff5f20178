// `strongroom kubernetes-kms`: a KMS v2 provider beside kube-apiserver, which encrypts Secrets in etcd with a CMK.
import { KeyManagementService } from '../kubernetes/kms-v2_pb.ts'
import { type CallKms, kmsProvider } from '../kubernetes/provider.ts'
import { serveGrpc } from '../kubernetes/unix-socket.ts'
import { readFlags } from '../settings/flags.ts'
import { UsageError } from '../settings/usage-error.ts'
import { ask } from './ask.ts'
import { CLIENT_FLAGS, clientOptions } from './client-options.ts'
import { printsHelp } from './help.ts'
import { stopSignal } from './stop-signal.ts'
import type { Surroundings } from './surroundings.ts'

const USAGE = `usage: strongroom kubernetes-kms --key KEY --socket PATH [--region ID] [--encryption-context JSON]
                                 [--profile NAME] [--endpoint URL] [--ca-file FILE] [--data DIR]

Serves the KMS v2 interface of Kubernetes on a Unix socket, until SIGTERM. kube-apiserver then encrypts data in etcd under a CMK.
The command calls Encrypt and Decrypt, and needs no other permission.

  --key                 the CMK: a KeyId, an alias such as alias/cluster, or an ARN
  --socket              the socket for kube-apiserver: unix://PATH is the \`endpoint\` in its EncryptionConfiguration
  --region              the CMK's region; the server's first region by default
  --encryption-context  the encryption context of all ciphertexts, a JSON object such as '{"cluster":"blue"}'; never change it later

Endpoint: --endpoint or STRONGROOM_ENDPOINT (http://127.0.0.1:7700).
Credentials: ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and, with temporary ones, ALIBABA_CLOUD_SECURITY_TOKEN;
without them root-credentials.json in --data (./data).`

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function kubernetesKms(args: readonly string[], around: Surroundings): Promise<number> {
  if (printsHelp(args, USAGE, around)) return 0
  const kinds = {
    ...CLIENT_FLAGS,
    key: 'value',
    socket: 'value',
    region: 'value',
    'encryption-context': 'value',
  } as const
  const flags = readFlags(args, kinds, 'kubernetes-kms')
  const [key, socket, region] = [flags.get('key'), flags.get('socket'), flags.get('region')]
  if (!key) throw new UsageError('name the CMK with --key, such as --key alias/cluster')
  if (!socket)
    throw new UsageError('name the path of the socket with --socket, such as --socket /run/strongroom/kms.sock')
  const call: CallKms = async (parameters, signal) => {
    const all = new Map([...parameters, ...(region ? ([['RegionId', region]] as const) : [])])
    // Read for each call, because somebody may replace the file of credentials.
    return ask(all, { ...(await clientOptions(flags, around)), signal })
  }
  await clientOptions(flags, around)
  const signalled = stopSignal()
  const provider = kmsProvider({
    key,
    encryptionContext: flags.get('encryption-context') ?? null,
    call,
    healthChanged: (reason) => around.complain(reason === null ? 'healthy' : `not healthy: ${reason}`),
  })
  await using _ = await serveGrpc(socket, (router) => router.service(KeyManagementService, provider))
  around.print(JSON.stringify({ event: 'ready', endpoint: `unix://${socket}` }))
  await signalled
  return 0
}
