import type { z } from 'zod';
import { PeriodQuery, chosenDays } from '../lib/http/period.js';
import { secretary } from '../lib/http/policy.js';
import { page, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { addDays, dayOf, startOfDay } from '../lib/time/zone.js';
import type { NoShowRate } from '../claims/noShowRateQueries.js';
import { listNoShows, listNoShowsByOrganiser, listNoShowsByRoom } from './noShowListQueries.js';

export const noShowRoutes: Route[] = [
  route({ method: 'get', path: '/no-shows', policy: secretary, query: PeriodQuery, handle: showNoShows }),
];

/** Looked back at unless told, and the longest that may be asked for. */
const DAYS = { usual: 30, most: 366 };
const MANY = 200;

/** Who didn't come in a period, by organiser and by room with what it is out of, and one by one. */
async function showNoShows(c: Context<unknown, z.output<typeof PeriodQuery>>): Promise<Answer> {
  const today = dayOf(c.now, c.zone);
  const lastOn = c.query.to && c.query.to < today ? c.query.to : today;
  const { first: firstOn } = chosenDays(c.query.from ?? addDays(lastOn, 1 - DAYS.usual), lastOn, DAYS.most);
  const period = { from: startOfDay(firstOn, c.zone), to: startOfDay(addDays(lastOn, 1), c.zone) };
  const [organisers, rooms, found] = await Promise.all([
    listNoShowsByOrganiser(c.db, c.viewer.id, period),
    listNoShowsByRoom(c.db, period),
    listNoShows(c.db, c.viewer.id, period, MANY + 1),
  ]);
  const percent = new Intl.NumberFormat(c.lang === 'en' ? 'en-GB' : 'zh-CN', { style: 'percent' });
  const cellsOf = (name: string | { text: string; href: string }, { no_shows, judged }: NoShowRate) => ({
    cells: [
      name,
      c.t('noShow.list.of', { count: no_shows, total: judged }),
      percent.format(judged ? no_shows / judged : 0),
    ],
  });
  return page('checkins/no-shows', {
    title: c.t('noShow.list.title'),
    section: 'admin',
    values: { from: firstOn, to: lastOn },
    total: rooms.reduce(
      (sum, one) => ({ judged: sum.judged + one.judged, no_shows: sum.no_shows + one.no_shows }),
      { judged: 0, no_shows: 0 },
    ),
    organisers: organisers.map((one) =>
      cellsOf(
        one.organiser
          ? { text: c.fmt.name(one.organiser), href: `/people/${one.organiser.id}` }
          : c.t('noShow.list.private'),
        one,
      ),
    ),
    rooms: rooms.map((one) => cellsOf({ text: c.fmt.name(one), href: `/rooms/${one.id}` }, one)),
    lines: found.slice(0, MANY).map((one) => ({
      time: `${c.fmt.shortDay(one.starts_at)} ${c.fmt.time(one.starts_at)}`,
      title: one.title ?? c.t('calendar.day.booked'),
      ...(one.meeting_id === null ? {} : { href: `/meetings/${one.meeting_id}` }),
      meta: [
        c.fmt.name(one.room),
        one.organiser ? c.fmt.name(one.organiser) : '',
        one.released_at
          ? c.t('noShow.list.released', { time: c.fmt.time(one.released_at) })
          : c.t('noShow.list.kept'),
      ],
    })),
    many: found.length > MANY ? MANY : null,
  });
}
