import type { Context } from '../lib/http/route.js';
import { statusAt } from '../claims/checks.js';
import { hrefOf, describeHold } from '../claims/describeHold.js';
import { outsideHours } from '../hours/openingHours.js';
import type { FloorPlan, FloorPlanRoom } from './floorPlanQueries.js';

// A floor plan as its template writes it. Pure: rooms and a time go in, words and places come out.

export interface RoomOnPlan {
  id: number;
  name: string;
  /** Colour and pattern; the word says the same. */
  state: 'free' | 'taken' | 'closed' | 'over';
  word: string;
  /** Who has it until when, or why it can't be booked. */
  detail: string;
  meta: string[];
  /** Where a free room is booked for that time; the meeting that has it; else null. */
  href: string | null;
  /** What the link does, heard. */
  label: string;
  x: number | null;
  y: number | null;
}

export function describeRoomOnPlan(
  room: FloorPlanRoom,
  span: { from: Date; to: Date },
  typed: { on: string; from: string; to: string },
  c: Context<unknown, unknown>,
): RoomOnPlan {
  const { t, fmt } = c;
  const name = fmt.name(room);
  const say = (state: RoomOnPlan['state'], detail: string, href: string | null): RoomOnPlan => {
    const word = t(`plans.state.${state}`);
    return {
      id: room.id,
      name,
      state,
      word,
      detail,
      href,
      label: state === 'free' ? t('plans.room.book', { room: `${name} ${word}` }) : `${name} ${word}`,
      meta: [
        t('calendar.day.seats', { count: room.capacity }),
        ...(room.is_step_free ? [t('rooms.field.stepFree')] : []),
      ],
      x: room.x,
      y: room.y,
    };
  };
  if (statusAt(room, span.from) !== 'in_service')
    return say('closed', t('rooms.status.out_of_service'), null);
  const { taken } = room;
  if (taken) {
    const time = fmt.range(new Date(taken.starts_at), new Date(taken.ends_at));
    const what = taken.hold ? describeHold(taken.hold, t, fmt) : (taken.title ?? t('calendar.day.booked'));
    const meeting = taken.meeting_id === null ? null : `/meetings/${taken.meeting_id}`;
    return say(
      taken.kind === 'closure' ? 'closed' : 'taken',
      [time, what].filter(Boolean).join(' '),
      taken.hold ? hrefOf(taken.hold) : meeting,
    );
  }
  if (outsideHours(room.hours, span.from, span.to, c.office.zone))
    return say('closed', t('plans.room.outside'), null);
  if (span.to <= c.now) return say('over', t('plans.room.over'), null);
  return say('free', '', `/bookings/new?room=${room.id}&date=${typed.on}&from=${typed.from}&to=${typed.to}`);
}

export interface Mark {
  room: RoomOnPlan;
  /** In the units of the drawing. */
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface FloorPlanDrawing {
  /** The picture's own proportions on a width of 1000. */
  width: number;
  height: number;
  marks: Mark[];
}

/** Where the marks stand: boxes around each room's place, kept within the picture. */
export function drawFloorPlan(
  plan: Pick<FloorPlan, 'width' | 'height'>,
  rooms: readonly RoomOnPlan[],
): FloorPlanDrawing {
  const width = 1000;
  const height = Math.round((plan.height / plan.width) * width);
  const marks = rooms.flatMap((room): Mark[] => {
    if (room.x === null || room.y === null) return [];
    const box = { width: Math.max(76, 24 + widthOf(room.name) * 15), height: 52 };
    const within = (at: number, size: number, whole: number) =>
      Math.round(Math.min(Math.max(at - size / 2, 0), Math.max(0, whole - size)));
    return [
      {
        room,
        ...box,
        x: within((room.x / 100) * width, box.width, width),
        y: within((room.y / 100) * height, box.height, height),
      },
    ];
  });
  return { width, height, marks };
}

/** Letters across, counting a Chinese character as two halves more than a Latin letter. */
function widthOf(text: string): number {
  return [...text].reduce((sum, letter) => sum + (letter > '\u2e80' ? 1.4 : 0.75), 0);
}
