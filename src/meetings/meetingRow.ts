import type { Context } from '../lib/http/route.js';
import type { MeetingLine } from './listQueries.js';
import { shownState, toneOfReply, toneOfState, type ShownState, type Tone } from './states.js';
import { titleOf } from './title.js';

/** Where it stands; of one that was called to a room and nobody came, that. */
export function pillOf(
  line: Pick<MeetingLine, 'is_no_show'>,
  state: ShownState,
  t: Context['t'],
): { text: string; tone: Tone } {
  const isMissed = line.is_no_show && state !== 'cancelled' && state !== 'in_progress' && state !== 'ended';
  return isMissed
    ? { text: t('noShow.pill'), tone: 'bad' }
    : { text: t(`meetings.state.${state}`), tone: toneOfState(state) };
}

/** One meeting as a row of a list: time, title, place, organiser; one's own answer, else the state. */
export function rowOf(
  line: MeetingLine,
  { t, fmt, now }: Pick<Context, 't' | 'fmt' | 'now'>,
): Record<string, unknown> {
  const state = shownState(line, now);
  const isAsked =
    line.invited_at !== null && line.state === 'scheduled' && line.role !== 'informed' && line.ends_at > now;
  return {
    time: fmt.range(line.starts_at, line.ends_at),
    title: titleOf(t, line),
    href: `/meetings/${line.id}`,
    pill: isAsked
      ? { text: t(`meetings.reply.${line.reply ?? 'none'}`), tone: toneOfReply(line.reply) }
      : pillOf(line, state, t),
    meta: [
      ...line.rooms.map((room) => fmt.name(room)),
      line.place,
      line.rooms.length === 0 && !line.place && line.link ? t('meetings.list.byLink') : null,
      fmt.name(line.organiser),
      line.participant_count ? t('meetings.list.people', { count: line.participant_count }) : null,
      line.is_private ? t('meetings.list.private') : null,
    ],
    mine: line.is_mine,
    over: line.state === 'cancelled' || line.ends_at <= now,
  };
}
