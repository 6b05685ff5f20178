// A fixture of Vitest: a test that names `strongroom` has a server, one for all tests of its file.
import { type Strongroom, startStrongroom } from 'strongroom/testing'
import { test as base } from 'vitest'

export const test = base.extend<{ $file: { strongroom: Strongroom } }>({
  strongroom: [
    // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern which fixtures this one needs
    async ({}, use) => {
      await using strongroom = await startStrongroom()
      await use(strongroom)
    },
    { scope: 'file' },
  ],
})
