import { z } from 'zod';
import { choice, date, id, list, message, onceKey, optionalLine, zone } from '../lib/http/fields.js';
import { DEFAULT_MRBS } from './queries.js';

export const RoomsUploadForm = z.strictObject({ key: onceKey() });
export const BookingsUploadForm = z.strictObject({ zone: zone(), key: onceKey() });
export const MrbsUploadForm = z.strictObject({
  zone: zone(),
  source: optionalLine(40).transform((name) => name?.normalize('NFKC').replace(/\s+/g, ' ') ?? DEFAULT_MRBS),
  key: onceKey(),
});

const day = date().optional().catch(undefined);
/** The time of an export; what is left out or wrong is filled by the page. */
export const ExportQuery = z.object({ from: day, to: day });

const lines = choice(['good', 'all']);
export const RoomLinesForm = z.strictObject({ lines });

/** A place's choice: '' not yet, a room's id, a new room, a meeting without a room, left out. */
const placeChoice = z
  .string()
  .regex(/^(|new|no_room|out|[1-9]\d{0,14})$/, { error: message('lib.field.choice') });
export const PlacesForm = z
  .strictObject({ place: list(z.string().max(300), 1000), choice: list(placeChoice, 1000), lines })
  .refine((form) => form.place.length === form.choice.length, {
    path: ['choice'],
    error: message('lib.error.badRequest'),
  });

const decision = z.string().regex(/^(|out|no_room|[1-9]\d{0,14})$/, { error: message('lib.field.choice') });
export const ClashesForm = z
  .strictObject({
    row: list(id(), 100),
    decision: list(decision, 100),
    all: z.union([z.literal('').transform(() => null), choice(['out', 'no_room', 'room'])]),
  })
  .refine((form) => form.row.length === form.decision.length, {
    path: ['decision'],
    error: message('lib.error.badRequest'),
  });
