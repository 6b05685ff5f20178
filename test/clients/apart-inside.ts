// What apart.ts starts in the namespaces: leads ports of the loopback address to sockets of the test, and runs the program.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

const [led = '{}', program = '', ...args] = process.argv.slice(2)
for (const [port, socket] of Object.entries<string>(JSON.parse(led))) {
  const server = createServer((client) => {
    const target = connect(socket)
    client.pipe(target).pipe(client)
    client.on('error', () => target.destroy())
    target.on('error', () => client.destroy())
  })
  server.listen(Number(port), '127.0.0.1')
  await once(server, 'listening')
}
const [code] = await once(spawn(program, args, { stdio: 'inherit' }), 'exit')
process.exit(code ?? 1)
