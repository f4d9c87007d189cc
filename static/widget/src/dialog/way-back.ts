// The way back from a page that the dialog links to.

// A path whose first character is visible, and no second slash.
const PATH = /^\/(?:$|[^/\\%\p{C}\p{Z}])/u;

/** Add the parameter `next`, which leads back here, unless the URL has one. */
export function withNext(
  url: string,
  page: Pick<Location, "href" | "pathname" | "search"> = location,
): string {
  const whole = new URL(url, page.href);
  if (!whole.protocol.startsWith("http") || whole.searchParams.has("next")) return url;
  whole.searchParams.set("next", isOwnPath(page.pathname) ? page.pathname + page.search : "/");
  return whole.href;
}

/** Whether a path stays within this shop, even if a server decodes it once more. */
function isOwnPath(pathname: string): boolean {
  // After a second slash, even one behind characters that browsers drop, comes a host.
  try {
    return PATH.test(decodeURIComponent(pathname));
  } catch {
    return PATH.test(pathname);
  }
}
