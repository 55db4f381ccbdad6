/** Pages before signing in: no place to come back to afterwards. */
const DOOR = /^\/(sign-in|sign-out|reset|account|setup)(\/|\?|$)/;

/**
 * A path of our own, from what a browser sent as `next`: anything that
 * could lead to another site becomes '/'.
 * @param options.doors true: the pages before signing in count too (changing the language there)
 * @returns path and query
 */
export function ownPath(next: string | undefined, options: { doors?: boolean } = {}): string {
  if (
    !next ||
    !/^\/(?![/\\])/.test(next) ||
    /[\u0000-\u001f\\]/.test(next) ||
    !URL.canParse(next, 'http://own.invalid')
  )
    return '/';
  const url = new URL(next, 'http://own.invalid');
  const path = url.pathname + url.search;
  if (url.host !== 'own.invalid' || path.startsWith('//')) return '/';
  return DOOR.test(path) && !options.doors ? '/' : path;
}
