/** Returns the path of the archive and the digest of the image. */
export function makeImage(
  folder: string,
  options?: { readonly arch?: 'amd64' | 'arm64'; readonly installed?: string },
): { readonly path: string; readonly digest: string }
