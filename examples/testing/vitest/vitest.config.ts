import { defineConfig } from 'vitest/config'

// A file's first test waits for the server to start: on a busy machine longer than the five seconds that Vitest gives a test.
export default defineConfig({ test: { testTimeout: 60_000 } })
