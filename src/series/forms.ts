import { z } from 'zod';
import { choice, date, flag, id, line, optionalLine, prose, version, whole } from '../lib/http/fields.js';
import { LANGS, type Lang } from '../lib/i18n/translate.js';
import { ROLES } from '../meetings/states.js';

export const SeriesQuery = z.object({
  q: optionalLine(100).catch(null),
  mine: flag().catch(false),
  after: z.string().max(400).optional().catch(undefined),
});

/** What a standing meeting is, whatever its dates. */
export const seriesFields = {
  name: line(200),
  /** A person as typed into the picker, or the id out of a short list. */
  organiser: optionalLine(300),
  booked_for: optionalLine(300),
  lang: choice(LANGS as readonly [Lang, ...Lang[]]),
  is_private: flag(),
  /** Of the first meeting: an old board goes on counting. */
  first_number: whole(1, 99_999),
  gates: choice(['', 'none', 'one']).transform((gates) => gates || null),
  /** As typed into the picker. */
  reviewer: optionalLine(300),
  approver: optionalLine(300),
};

export const SeriesForm = z.strictObject({ ...seriesFields, version: version() });
export type SeriesFields = Omit<z.output<typeof SeriesForm>, 'version'>;
export const MembersForm = z.strictObject({ people: prose(20_000), role: choice(ROLES) });

/** `beyond`: a secretary calls the dates off later than the rooms' notice allows. */
export const EndForm = z.strictObject({ on: date(), reason: prose(1000), beyond: flag() });
export const PersonForm = z.strictObject({ person: id(), role: choice(ROLES) });
