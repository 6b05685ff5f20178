// A storage that does all by another one: tests replace what they are about.
import type { Storage } from '../../src/storage/storage.ts'

export function delegate(storage: Storage): Storage {
  return {
    enough: storage.enough,
    failure: storage.failure,
    risks: storage.risks,
    synced: () => storage.synced(),
    scrubbed: () => storage.scrubbed(),
    get: (...place) => storage.get(...place),
    page: (...where) => storage.page(...where),
    pageAfter: (...where) => storage.pageAfter(...where),
    search: (...which) => storage.search(...which),
    searchById: (...which) => storage.searchById(...which),
    between: (...where) => storage.between(...where),
    count: (range) => storage.count(range),
    due: (...when) => storage.due(...when),
    scan: (...where) => storage.scan(...where),
    size: () => storage.size(),
    commit: (...batch) => storage.commit(...batch),
    takeTurn: storage.takeTurn?.bind(storage) ?? null,
    changesSince: (number) => storage.changesSince(number),
    dropNonces: (...when) => storage.dropNonces(...when),
    events: storage.events,
    close: () => storage.close(),
  }
}
