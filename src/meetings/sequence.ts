// When a calendar asks people again. By RFC 5546 SEQUENCE grows with what touches "will I be there?": the
// time, and a room in another building. A new title or text asks nobody again.

interface Place {
  starts_at: Date;
  ends_at: Date;
  place: string | null;
  rooms: { site: string; building: string }[];
}

/** Which fields of an announcement differ, and whether people must be asked again. */
export interface Difference {
  time: boolean;
  /** Another room, near or far. */
  rooms: boolean;
  /** One has to walk or travel to somewhere else. */
  distant: boolean;
}

export function differenceOf(
  before: Place & { roomIds: number[] },
  after: Place & { roomIds: number[] },
): Difference {
  const time =
    before.starts_at.getTime() !== after.starts_at.getTime() ||
    before.ends_at.getTime() !== after.ends_at.getTime();
  const rooms = [...before.roomIds].sort(byNumber).join() !== [...after.roomIds].sort(byNumber).join();
  return { time, rooms, distant: before.place !== after.place || whereabouts(before) !== whereabouts(after) };
}

function byNumber(a: number, b: number): number {
  return a - b;
}

/** Site and building of the rooms; two rooms of one building are one whereabouts. */
function whereabouts({ rooms }: Place): string {
  return [...new Set(rooms.map(({ site, building }) => JSON.stringify([site, building])))].sort().join();
}

/** SEQUENCE, and the one from which replies count. Before the first invitation both stay 0. */
export function nextSequence(
  meeting: { announced_at: Date | null; sequence: number; time_sequence: number },
  difference: Pick<Difference, 'time' | 'distant'>,
): { sequence: number; time_sequence: number } {
  if (!meeting.announced_at || (!difference.time && !difference.distant)) {
    return { sequence: meeting.sequence, time_sequence: meeting.time_sequence };
  }
  return { sequence: meeting.sequence + 1, time_sequence: meeting.sequence + 1 };
}
