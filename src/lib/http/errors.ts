import type { Key, Values } from '../i18n/translate.js';

/**
 * An expected end of a request that is shown as a page of its own; `key` says why in the person's language.
 */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly key: Key,
    readonly values: Values = {},
  ) {
    super(`${status} ${key}`);
  }
}

/** It is not there, or this person may not know that it is. */
export class NotFound extends HttpError {
  constructor(key: Key = 'lib.error.notFound') {
    super(404, key);
  }
}

/** The person may see it and may not do this. */
export class Forbidden extends HttpError {
  constructor(key: Key = 'lib.error.forbidden', values: Values = {}) {
    super(403, key, values);
  }
}

/** Its state does not allow this any more; somebody else was quicker. */
export class Conflict extends HttpError {
  constructor(key: Key = 'lib.error.conflict', values: Values = {}) {
    super(409, key, values);
  }
}

/**
 * The form went out once already and was carried out, with other
 * content: the page before came back by the browser's way back.
 */
export class SentBefore extends HttpError {
  constructor(readonly location: string) {
    super(409, 'lib.error.sentBefore');
  }
}

/** The input can't be what our own form sent. */
export class BadRequest extends HttpError {
  constructor(key: Key = 'lib.error.badRequest', values: Values = {}) {
    super(400, key, values);
  }
}
