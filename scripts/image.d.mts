/** Returns the path of the archive and the digest of the image. */
export function makeImage(
  folder: string,
  options?: { readonly arch?: 'amd64' | 'arm64'; readonly installed?: string },
): { readonly path: string; readonly digest: string }

/** Makes system/ and data/ of the image in the folder. `installed`: what makeInstalled made, if it is there already. */
export function makeFiles(
  folder: string,
  options?: { readonly arch?: 'amd64' | 'arm64'; readonly installed?: string },
): void
