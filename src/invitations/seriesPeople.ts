import type { ReplyStatus } from '../meetings/states.js';
import { groupedBy } from '../lib/groupedBy.js';
import type { Attendee } from './calendarEvent.js';
import type { SeriesPeople } from './seriesEvent.js';

// Who takes part in a standing meeting: as a whole, and in each of its dates. Pure.

type OnDate = Attendee & { meeting_id: number };

export interface Everybody {
  whole: Attendee[];
  byPerson: Map<number, OnDate[]>;
  byDate: Map<number, OnDate[]>;
}

/** Once for all who are told: a year of dates for hundreds of people is a long list. */
export function gatherPeople(all: readonly OnDate[]): Everybody {
  const [byPerson, byDate] = [
    groupedBy(all, ({ person_id: id }) => id),
    groupedBy(all, ({ meeting_id: id }) => id),
  ];
  return {
    whole: [...byPerson.values()].flatMap((own) =>
      own[0] ? [{ ...own[0], reply: mostFrequent(own), instead_of_id: null }] : [],
    ),
    byPerson,
    byDate,
  };
}

/**
 * People answer date by date. The whole carries a person's most frequent answer; dates with another are
 * exceptions for that person.
 * @param isCut nobody learns who else takes part
 */
export function peopleOf(
  { whole, byPerson, byDate }: Everybody,
  recipient: number,
  isCut: boolean,
): SeriesPeople {
  const own = byPerson.get(recipient) ?? [];
  const ownReply = mostFrequent(own);
  const differing = new Set(own.filter(({ reply }) => reply !== ownReply).map(({ meeting_id: id }) => id));
  const cut = <T extends Attendee>(people: T[]) =>
    isCut ? people.filter(({ person_id: id }) => id === recipient) : people;
  return {
    whole: cut(whole),
    at: (meetingId) => cut(byDate.get(meetingId) ?? []),
    differs: (meetingId) => differing.has(meetingId),
    sameFor: isCut ? `${recipient}` : [...differing].join(),
  };
}

/** A substitute is named for one date: nobody delegates the whole. */
function mostFrequent(seats: Attendee[]): ReplyStatus | null {
  const counts = new Map<ReplyStatus | null, number>();
  for (const { reply } of seats) if (reply !== 'delegated') counts.set(reply, (counts.get(reply) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}
