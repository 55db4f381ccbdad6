import { z } from 'zod';
import type { Job, Jobs } from '../lib/jobs/job.js';
import { announceChanges } from './commands.js';
import { announceSeries } from './seriesCommands.js';

const Payload = z.object({ meetingId: z.number().int().positive() });
const SeriesPayload = z.object({ seriesId: z.number().int().positive() });

/** Whatever happened to the meeting, the same comparison finds who has to hear of it. */
const announce: Job = async ({ db, clock }, payload) =>
  announceChanges(db, Payload.parse(payload).meetingId, clock.now());

export const jobs: Jobs = {
  'invitations.announceChange': announce,
  'invitations.announceCancellation': announce,
  'invitations.announceRemoval': announce,
  'invitations.announceSeries': async ({ db, clock }, payload) =>
    announceSeries(db, SeriesPayload.parse(payload).seriesId, clock.now()),
};
