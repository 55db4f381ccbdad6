import { createHash } from 'node:crypto';
import { z } from 'zod';
import { NotFound } from '../lib/http/errors.js';
import type { Problems } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { anyone, signedIn } from '../lib/http/policy.js';
import {
  idOf,
  page,
  redirect,
  route,
  send,
  unchanged,
  type Answer,
  type Context,
  type Route,
} from '../lib/http/route.js';
import { translator } from '../lib/i18n/translate.js';
import { format } from '../lib/time/format.js';
import { listRoomOptions } from '../rooms/queries.js';
import { addFeed, feedToken, hashOfFeed, revokeFeed } from './commands.js';
import { joinFeed } from './join.js';
import { partsOf } from './events.js';
import { FeedForm } from './forms.js';
import { findFeedHolder, findFeedState, listFeed, listFeeds } from './queries.js';

export const feedsRoutes: Route[] = [
  route({ method: 'get', path: '/feeds', policy: signedIn, handle: (c) => feedsPage(c) }),
  route({
    method: 'post',
    path: '/feeds',
    policy: signedIn,
    form: FeedForm,
    async handle(c) {
      await once(c.db, { person: c.viewer.id, key: c.form.key, body: c.form }, async (trx) => {
        await addFeed(trx, c.by, c.config.secretKey, { roomId: c.form.room, isBusyOnly: c.form.busy_only });
        return { location: '/feeds' };
      });
      return redirect('/feeds', { notice: 'feeds.added' });
    },
    onInvalid: (c, problems) => feedsPage(c, problems),
  }),
  route({
    method: 'post',
    path: '/feeds/:id/revocation',
    policy: signedIn,
    form: z.strictObject({}),
    async handle(c) {
      await revokeFeed(c.db, c.by, idOf(c));
      return redirect('/feeds', { notice: 'feeds.revoked' });
    },
  }),
  route({ method: 'get', path: '/feeds/:token', policy: anyone, handle: readFeed }),
];

async function feedsPage(c: Context<unknown, unknown>, problems?: Problems): Promise<Answer> {
  const [feeds, rooms] = await Promise.all([listFeeds(c.db, c.viewer.id), listRoomOptions(c.db)]);
  return page(
    'feeds/list',
    {
      title: c.t('feeds.title'),
      feeds: feeds.map((feed) => ({
        ...feed,
        facts: [
          feed.is_busy_only ? c.t('feeds.busyOnly') : '',
          c.t('feeds.since', { day: c.fmt.day(feed.created_at) }),
        ],
        address: `${c.config.publicUrl}/feeds/${feedToken(c.config.secretKey, feed.id)}.ics`,
      })),
      rooms,
      values: problems?.values ?? { room: new URLSearchParams(c.req.url.split('?')[1]).get('room') ?? '' },
      errors: problems?.errors ?? {},
    },
    { status: problems ? 422 : 200, caching: 'no-store' },
  );
}

const DAY = 86_400_000;

/** Half a year back, as far ahead as series reach. */
const spanOf = (now: Date) => ({
  from: new Date(now.getTime() - 183 * DAY),
  to: new Date(now.getTime() + 740 * DAY),
});

/** The feed itself, as that person at this moment. GET only, without a session; the token is the key. */
async function readFeed(c: Context): Promise<Answer> {
  const token = (c.params.token ?? '').replace(/\.ics$/, '');
  const holder = /^[A-Za-z0-9_-]{43}$/.test(token)
    ? await findFeedHolder(c.db, hashOfFeed(token))
    : undefined;
  if (!holder) throw new NotFound();
  // The span moves once a day, so that an unchanged calendar stays unchanged.
  const span = spanOf(new Date(Math.floor(c.now.getTime() / DAY) * DAY));
  const state = await findFeedState(c.db, holder, span);
  const shown = [
    holder.lang,
    holder.zone,
    holder.is_busy_only,
    JSON.stringify(holder.room),
    c.office.name_en,
  ].join('');
  const etag = `"${createHash('sha1').update(shown).update(state).digest('base64url')}"`;
  if (c.req.headers['if-none-match']?.split(',').some((one) => one.trim().replace(/^W\//, '') === etag))
    return unchanged(etag);
  const parts = await partsOf(c, holder, await listFeed(c.db, holder, span), state.split('.')[1] ?? '');
  const fmt = format(holder.lang, holder.zone);
  const name = holder.room
    ? fmt.name(holder.room)
    : translator(holder.lang)('feeds.of', { name: fmt.name(holder) });
  return send(joinFeed(name, parts), 'text/calendar; charset=utf-8', {
    caching: 'private',
    headers: { ETag: etag, 'X-Robots-Tag': 'noindex' },
  });
}
