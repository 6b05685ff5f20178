// The KMS v2 provider at a path, as kube-apiserver calls it: gRPC on its Unix socket.
import { connect } from 'node:net'
import { type Client, createClient } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { KeyManagementService } from '../../src/kubernetes/kms-v2_pb.ts'

export function providerAt(socket: string): Client<typeof KeyManagementService> {
  const nodeOptions = { createConnection: () => connect(socket) }
  return createClient(KeyManagementService, createGrpcTransport({ baseUrl: 'http://localhost', nodeOptions }))
}
