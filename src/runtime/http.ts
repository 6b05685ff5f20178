// node:http as a CommonJS module. As an ES module, it reads all of its exports, also WebSocket, and so loads all of fetch: a tenth of the CPU
// time of a start, and 15 MiB.
export const { createServer, request, STATUS_CODES } = process.getBuiltinModule('node:http')
