import type { PollAnswer } from './forms.js';

// What somebody who has answered has to hear of: how the poll stood when they last knew of it, against how it
// stands. Pure.

/** As it was told; kept beside who is asked. */
export interface KnownPoll {
  title: string;
  deadline: string;
  /** Time → the rooms held for it. */
  times: Record<string, number[]>;
  /** Times they had answered. */
  answered: number[];
}

interface Standing {
  title: string;
  deadline_at: Date;
}

interface OfferedTime {
  id: number;
  room_ids: number[];
  is_held: boolean;
}

export interface News {
  title: boolean;
  deadline: boolean;
  /** Times they had answered and that are offered no longer. */
  removed: number[];
  /** Times that came since. */
  added: number[];
  /** Times that have other rooms, or lost or got one. */
  rooms: number[];
}

export function knownPollOf(
  poll: Standing,
  options: readonly OfferedTime[],
  answers: Record<string, PollAnswer>,
): KnownPoll {
  return {
    title: poll.title,
    deadline: poll.deadline_at.toISOString(),
    times: Object.fromEntries(options.map((one) => [String(one.id), one.is_held ? one.room_ids : []])),
    answered: Object.keys(answers).map(Number),
  };
}

export function newsOf(
  known: KnownPoll,
  poll: Standing,
  options: readonly OfferedTime[],
  answers: Record<string, PollAnswer>,
): News {
  const now = knownPollOf(poll, options, answers);
  const sorted = (rooms: number[] = []) => [...rooms].sort((a, b) => a - b).join();
  return {
    title: known.title !== now.title,
    deadline: Date.parse(known.deadline) !== poll.deadline_at.getTime(),
    removed: known.answered.filter((id) => !(id in now.times)),
    added: options.filter(({ id }) => !(id in known.times) && answers[id] === undefined).map(({ id }) => id),
    rooms: options
      .filter(({ id }) => id in known.times && sorted(known.times[id]) !== sorted(now.times[id]))
      .map(({ id }) => id),
  };
}

export function isAnyNews(news: News): boolean {
  return news.title || news.deadline || [news.removed, news.added, news.rooms].some((ids) => ids.length > 0);
}
