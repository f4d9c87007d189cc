// Where the dialog may lead to, and the way back.

const SCHEMES = ["http:", "https:", "mailto:", "tel:"];
// A path that begins with something that can be seen.
const PATH = /^\/(?:$|[^/\\%\p{C}\p{Z}])/u;

/** Returns an address that may be gone to; null for one that would run in the page, as a script. */
export function linkOf(url: string | null | undefined): string | null {
  try {
    return url && SCHEMES.includes(new URL(url, location.href).protocol) ? url : null;
  } catch {
    return null;
  }
}

/** Adds the way back, unless the shop's own link has one. */
export function withNext(
  url: string,
  page: Pick<Location, "href" | "pathname" | "search"> = location,
): string {
  const whole = new URL(url, page.href);
  if (!whole.protocol.startsWith("http") || whole.searchParams.has("next")) return url;
  whole.searchParams.set("next", isOwnPath(page.pathname) ? page.pathname + page.search : "/");
  return whole.href;
}

/** Says whether a path leads to this shop alone, also where a server decodes it once more. */
function isOwnPath(pathname: string): boolean {
  // A second slash, also behind what browsers leave out, would make the next word a host.
  try {
    return PATH.test(decodeURIComponent(pathname));
  } catch {
    return PATH.test(pathname);
  }
}
