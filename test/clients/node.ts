// A Kubernetes cluster of one node that runs pods: kube-apiserver on etcd, its controllers and scheduler, and kubelet on containerd, in
// namespaces of its own. Whatever it makes of networks, mounts, containers and cgroups ends with it.
import assert from 'node:assert/strict'
import { existsSync, globSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import '../owned.ts'
import { until } from '../until.ts'
import { Apart, canRunApart } from './apart.ts'
import { lacks, succeeds } from './debian.ts'

const BUILT = fileURLToPath(new URL('../../node_modules/.clients', import.meta.url))
const PROGRAMS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'kubelet']
const ADDRESS = '10.99.0.1'
const API = `https://${ADDRESS}:6443`
const ADMIN = 'admin-token'
/** What kubelet sets for the kernel, and so for the whole machine. */
export const TUNABLES = [
  ...['vm/overcommit_memory', 'vm/panic_on_oom', 'kernel/panic', 'kernel/panic_on_oops'],
  ...['kernel/keys/root_maxkeys', 'kernel/keys/root_maxbytes'],
].map((name) => join('/proc/sys', name))
/** The name of its cgroups: that of the folder with which they end, however the test's process ends. */
const GROUP = basename(tmpdir())
/** What holds a pod's namespaces. */
const PAUSE = `
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void end(int signal) { exit(0); }
static void reap(int signal) { while (waitpid(-1, 0, WNOHANG) > 0); }
int main(void) {
  signal(SIGTERM, end);
  signal(SIGCHLD, reap);
  for (;;) pause();
}
`
/** In the folder that is its working directory; programs follow it. */
const START = `
set -e
ip link add name node0 type bridge
ip addr add ${ADDRESS}/24 dev node0
ip link set node0 up
ip route add default via 10.99.0.254
mount --make-rshared /
for tunable in ${TUNABLES.join(' ')}; do
  own=$(mktemp -p "$PWD")
  cat "$tunable" > "$own"
  mount --bind "$own" "$tunable"
done
sysctl -qw net.ipv4.ip_forward=1
etcd --data-dir etcd > etcd.log 2>&1 &
"$1/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 --bind-address=${ADDRESS} --cert-dir=certs --service-account-issuer=${API} \\
  --service-account-signing-key-file=accounts.pem --service-account-key-file=accounts.pem --authorization-mode=RBAC \\
  --token-auth-file=tokens.csv --service-cluster-ip-range=10.97.0.0/24 --kubelet-preferred-address-types=InternalIP > kube-apiserver.log 2>&1 &
api=$!
containerd --config containerd.toml > containerd.log 2>&1 &
runtime=$!
until curl --silent --fail --insecure --header 'Authorization: Bearer ${ADMIN}' ${API}/readyz; do kill -0 $api; sleep 0.5; done
until [ -S /run/containerd/containerd.sock ]; do kill -0 $runtime; sleep 0.5; done
for archive in *.tar; do ctr --namespace k8s.io images import "$archive"; done
"$1/kube-controller-manager" --kubeconfig=kubeconfig --service-account-private-key-file=accounts.pem --root-ca-file=certs/apiserver.crt \\
  --leader-elect=false > kube-controller-manager.log 2>&1 &
"$1/kube-scheduler" --kubeconfig=kubeconfig --leader-elect=false > kube-scheduler.log 2>&1 &
"$1/kube-proxy" --config=kube-proxy.json > kube-proxy.log 2>&1 &
exec "$1/kubelet" --config=kubelet.json --kubeconfig=kubeconfig --root-dir="$PWD/kubelet" --cert-dir=certs --hostname-override=node \\
  --node-ip=${ADDRESS} > kubelet.log 2>&1`

/** Why there is no such cluster here, or false. */
export function withoutNode(): string | false {
  const missing = PROGRAMS.filter((name) => !existsSync(join(BUILT, name)))
  if (missing.length > 0) return `no ${missing.join(', ')} here (CONTRIBUTING.md says how to build them)`
  if (!canRunApart()) return 'namespaces take root on Linux'
  return lacks('etcd', 'containerd', 'ctr', 'runc', 'conntrack', 'buildah', 'cc', 'curl', '/usr/lib/cni/bridge')
}

/** A resource of the API, as far as tests read one. */
export interface Resource {
  readonly metadata: { readonly uid: string }
  readonly spec: { readonly clusterIP: string }
  readonly status?: {
    readonly phase?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

export class ClusterOfOneNode implements AsyncDisposable {
  readonly #folder: string
  readonly #apart: Apart

  private constructor(folder: string, apart: Apart) {
    this.#folder = folder
    this.#apart = apart
  }

  /** Starts one whose files and images, archives that podman loads, are in the folder. */
  static async start(folder: string): Promise<ClusterOfOneNode> {
    for (const name of ['cni', 'certs']) mkdirSync(join(folder, name), { recursive: true })
    for (const [name, content] of Object.entries(filesOf(folder)))
      writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
    succeeds('openssl', ['genrsa', '-out', join(folder, 'accounts.pem'), '2048'])
    makePause(folder)
    for (const controller of globSync('/sys/fs/cgroup/{,*/}cgroup.procs'))
      mkdirSync(join(controller, '..', GROUP), { recursive: true })
    const apart = await Apart.start(join(folder, 'apart'), ['sh', '-c', `cd "$2"\n${START}`, 'sh', BUILT, folder], {
      ports: {},
      names: [],
    })
    const cluster = new ClusterOfOneNode(folder, apart)
    try {
      await cluster.until('/api/v1/nodes/node', ({ status }) => isReady(status))
      return cluster
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
  }

  /** The file of the CA of the API's certificate. */
  get caFile(): string {
    return join(this.#folder, 'certs/apiserver.crt')
  }

  /** Runs a command on the node to its end, which must be a good one; returns what it printed. */
  run(command: string, ...args: string[]): string {
    const env = { ...process.env, KUBECONFIG: join(this.#folder, 'kubeconfig'), HOME: this.#folder }
    const [program = '', ...rest] = this.#apart.inside(command, ...args)
    return succeeds(program, rest, { env })
  }

  /** Leads these names on the node to an address. */
  lead(address: string, ...names: string[]): void {
    this.#apart.lead(address, ...names)
  }

  /** Calls the API as the cluster's administrator; a string is a body in YAML. */
  text(path: string, method = 'GET', body?: object | string): string {
    const type = `Content-Type: application/${typeof body === 'string' ? 'yaml' : 'json'}`
    const content = typeof body === 'object' ? JSON.stringify(body) : body
    const sent = content === undefined ? [] : ['--header', type, '--data-binary', content]
    const headers = ['--header', `Authorization: Bearer ${ADMIN}`, ...sent]
    return this.run('curl', '--silent', '--cacert', this.caFile, '--request', method, ...headers, `${API}${path}`)
  }

  /** Calls it; the answer must not be a refusal. */
  must(path: string, method = 'GET', body?: object | string): Resource {
    const answer: Resource | { readonly status: 'Failure' } = JSON.parse(this.text(path, method, body))
    if (answer.status === 'Failure') assert.fail(JSON.stringify(answer))
    return answer as Resource
  }

  /** Waits until what is at the path is so, as long as the node runs. */
  async until(path: string, isSo: (found: Partial<Resource>) => boolean): Promise<void> {
    await until(() => {
      assert.ok(this.#apart.runs, this.#logs())
      return existsSync(this.caFile) && isSo(this.#answer(path))
    })
  }

  /** What is at the path; an empty object where nothing answers. */
  #answer(path: string): Partial<Resource> {
    try {
      return JSON.parse(this.text(path))
    } catch {
      return {}
    }
  }

  #logs(): string {
    const logs = globSync(join(this.#folder, '*.log')).map((file) => readFileSync(file, 'utf8').slice(-2000))
    return [this.#apart.said, ...logs].join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#apart[Symbol.asyncDispose]()
    const groups = globSync(`/sys/fs/cgroup/{,*/}${GROUP}{,/**}/`).toSorted().reverse()
    // What was killed in them takes a moment to end.
    for (const group of groups) await until(() => isRemoved(group))
  }
}

function isRemoved(group: string): boolean {
  try {
    rmdirSync(group)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false
    throw error
  }
}

/** Whether a node's or a pod's status says so. */
export function isReady(status?: Resource['status']): boolean {
  return status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false
}

function makePause(folder: string): void {
  const context = join(folder, 'pause')
  mkdirSync(context)
  writeFileSync(join(context, 'pause.c'), PAUSE)
  writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n')
  succeeds('cc', ['-static', '-o', join(context, 'pause'), join(context, 'pause.c')])
  const store = ['--root', join(context, 'storage'), '--runroot', join(context, 'run'), '--storage-driver', 'vfs']
  succeeds('buildah', [...store, 'build', '--quiet', '--isolation', 'chroot', '--tag', 'localhost/pause:1', context])
  const archive = `docker-archive:${folder}/pause.tar:localhost/pause:1`
  succeeds('buildah', [...store, 'push', '--quiet', 'localhost/pause:1', archive])
}

/** The files that the programs read, by their names. */
function filesOf(folder: string): Record<string, string | object> {
  const kubeconfig = join(folder, 'kubeconfig')
  return {
    'tokens.csv': `${ADMIN},admin,1,"system:masters"\n`,
    kubeconfig: {
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'admin' },
      clusters: [
        { name: 'node', cluster: { server: API, 'certificate-authority': join(folder, 'certs/apiserver.crt') } },
      ],
      users: [{ name: 'admin', user: { token: ADMIN } }],
      contexts: [{ name: 'admin', context: { cluster: 'node', user: 'admin' } }],
    },
    'kubelet.json': {
      ...{ apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration' },
      // Test machines may have the former version of cgroups.
      ...{
        failCgroupV1: false,
        cgroupDriver: 'cgroupfs',
        cgroupRoot: `/${GROUP}`,
        enforceNodeAllocatable: [],
      },
      ...{ oomScoreAdj: 0, failSwapOn: false, podLogsDir: '/run/pod-logs' },
      containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
      // Nothing could pull an image again.
      imageGCHighThresholdPercent: 100,
      evictionHard: { 'nodefs.available': '1%', 'imagefs.available': '1%', 'memory.available': '50Mi' },
      ...{ authentication: { anonymous: { enabled: true }, webhook: { enabled: false } } },
      authorization: { mode: 'AlwaysAllow' },
    },
    'kube-proxy.json': {
      ...{ apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration' },
      ...{ mode: 'iptables', clientConnection: { kubeconfig }, clusterCIDR: '10.98.0.0/24', hostnameOverride: 'node' },
      conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    },
    'containerd.toml': `version = 2
root = "${folder}/containerd"
state = "/run/containerd"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${folder}/cni"
`,
    'cni/pods.conflist': {
      ...{ cniVersion: '1.0.0', name: 'pods' },
      plugins: [
        {
          ...{ type: 'bridge', bridge: 'cni0', isGateway: true, hairpinMode: true, ipMasq: true },
          ipam: {
            ...{ type: 'host-local', ranges: [[{ subnet: '10.98.0.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] },
            dataDir: '/run/cni',
          },
        },
      ],
    },
  }
}
