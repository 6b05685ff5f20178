// The supply chain: what an installation fetches and runs is what package-lock.json pins.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

interface Locked {
  readonly version: string
  readonly integrity?: string
  readonly resolved?: string
  readonly hasInstallScript?: boolean
  readonly dev?: boolean
  readonly optional?: boolean
  readonly os?: string
  readonly cpu?: string
}

const read = (name: string) => JSON.parse(readFileSync(fileURLToPath(new URL(`../${name}`, import.meta.url)), 'utf8'))
const { packages } = read('package-lock.json') as { packages: Record<string, Locked> }
const locked = Object.entries(packages).filter(([path]) => path !== '')

describe('package-lock.json', () => {
  it('pins every package by its hash, and no registry', () => {
    assert.ok(locked.length > 100)
    assert.deepEqual(
      locked.filter(([, { integrity, resolved }]) => !integrity?.startsWith('sha512-') || resolved !== undefined),
      [],
    )
  })

  it('pins the runtime of each platform, so that no script fetches it', () => {
    const platforms = ['darwin arm64', 'darwin x64', 'linux arm64', 'linux x64']
    const runtimes = locked.filter(([path]) => /^node_modules\/node-(bin-)?(darwin|linux)-/.test(path))
    assert.deepEqual(runtimes.map(([, { os, cpu }]) => `${os} ${cpu}`).toSorted(), platforms)
    assert.equal(new Set(runtimes.map(([, { version }]) => version)).size, 1)
    assert.ok(runtimes.every(([, { optional }]) => optional))
    assert.equal(packages['node_modules/node'], undefined)
  })

  it('has one package in production whose script is run: the add-on that is compiled on the spot', () => {
    const scripts = locked.filter(([, { hasInstallScript, dev }]) => hasInstallScript && !dev)
    assert.deepEqual(
      scripts.map(([path]) => path),
      ['node_modules/pkcs11js'],
    )
  })

  it('is of the version that package.json names', () => {
    assert.equal(packages['']?.version, read('package.json').version)
  })
})
