import type { FreeFor, Hit } from './accommodationQueries.js';
import { outsideHours } from './openingHours.js';

// Which meeting goes where when rooms close. Pure.

export interface Proposal {
  hit: Hit;
  /** The room proposed: equipped, open, and not proposed to another meeting at that time; null when there is none. */
  room: FreeFor | null;
  /** Everything free and open then, the proposal among it. */
  rooms: FreeFor[];
}

/** The meetings in their order, each with its proposal. Those with the fewest rooms to choose from choose first. */
export function planAccommodation(hits: readonly Hit[], free: readonly FreeFor[]): Proposal[] {
  const proposals = hits.map((hit): Proposal => ({
    hit,
    room: null,
    rooms: free.filter((room) => room.meeting_id === hit.meeting_id && room.instead_of === hit.room.id && !outsideHours(room.hours, hit.starts_at, hit.ends_at, room.zone)),
  }));
  const taken: { rooms: number[]; from: number; to: number }[] = [];
  const choosing = [...proposals].sort((a, b) => fitting(a).length - fitting(b).length || b.hit.seats - a.hit.seats);
  for (const proposal of choosing) {
    const room = fitting(proposal).find((one) => !taken.some((other) => overlaps(other, spanOf(proposal.hit, one)))) ?? null;
    proposal.room = room;
    if (room) taken.push(spanOf(proposal.hit, room));
  }
  return proposals;
}

const fitting = ({ rooms }: Proposal) => rooms.filter(({ is_equipped }) => is_equipped);

function spanOf(hit: Hit, room: FreeFor) {
  return { rooms: room.atomic, from: hit.starts_at.getTime() - room.setup_minutes * 60_000, to: hit.ends_at.getTime() + room.teardown_minutes * 60_000 };
}

type Taken = ReturnType<typeof spanOf>;
function overlaps(a: Taken, b: Taken): boolean {
  return a.from < b.to && b.from < a.to && a.rooms.some((id) => b.rooms.includes(id));
}
