// A Strongroom in a container of Testcontainers: over HTTP, with an AccessKey that the test knows, ready when it is started.
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers'

const PORT = 7700
/** Podman 4 lists each port that an image declares as one to bind, and Testcontainers waits for all that are listed. */
const PORT_OF_METRICS = 9700

/** The AccessKey of the account, which may do everything in it. */
const credentials = { accountId: '1000000000000001', accessKeyId: 'LTAItesting', accessKeySecret: 'not-a-secret' }

export interface Strongroom extends AsyncDisposable {
  readonly container: StartedTestContainer
  /** Such as `http://localhost:40123`. */
  readonly endpoint: string
  readonly credentials: typeof credentials
}

/** Starts a container of the image; it is removed, with its data, at the end of the `await using` block. */
export async function startStrongroom(image = 'localhost/strongroom:0.2.0'): Promise<Strongroom> {
  const container = await new GenericContainer(image)
    .withCommand(['--data', '/var/lib/strongroom', '--listen', `0.0.0.0:${PORT}`, '--insecure-http'])
    .withEnvironment({
      STRONGROOM_ACCOUNT_ID: credentials.accountId,
      STRONGROOM_ROOT_ACCESS_KEY_ID: credentials.accessKeyId,
      STRONGROOM_ROOT_ACCESS_KEY_SECRET: credentials.accessKeySecret,
    })
    .withExposedPorts(PORT, PORT_OF_METRICS)
    .withWaitStrategy(Wait.forHttp('/readyz', PORT))
    .start()
  return {
    container,
    endpoint: `http://${container.getHost()}:${container.getMappedPort(PORT)}`,
    credentials,
    [Symbol.asyncDispose]: async () => {
      await container.stop({ removeVolumes: true })
    },
  }
}
