/** How an agenda fits its meeting. */
export interface Timing {
  /** Minutes planned for the items that are to be dealt with. */
  planned: number;
  /** Length of the meeting in minutes. */
  length: number;
  /** Minutes more than the meeting lasts; 0 when it fits. */
  over: number;
  /** Item id → when it begins if everything before keeps its time. */
  startsAt: Map<number, Date>;
}

/** Sum and starting times. Items that the reader may not see have no minutes here and take no time. */
export function timingOf(
  meeting: { starts_at: Date; ends_at: Date },
  items: { id: number; planned_minutes: number | null; is_on_agenda: boolean }[],
): Timing {
  const length = Math.round((meeting.ends_at.getTime() - meeting.starts_at.getTime()) / 60_000);
  const startsAt = new Map<number, Date>();
  let planned = 0;
  for (const item of items) {
    if (!item.is_on_agenda) continue;
    startsAt.set(item.id, new Date(meeting.starts_at.getTime() + planned * 60_000));
    planned += item.planned_minutes ?? 0;
  }
  return { planned, length, over: Math.max(0, planned - length), startsAt };
}
