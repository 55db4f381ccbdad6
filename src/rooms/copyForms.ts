import { z } from 'zod';
import { id, list, message, onceKey, optionalId } from '../lib/http/fields.js';
import { COPIED } from './copyCommands.js';

/** Which other room a new one shall be like. */
export const LikeQuery = z.object({ like: optionalId().catch(null) });

export const CopyForm = z
  .strictObject({
    what: list(z.enum(COPIED, { error: message('lib.field.choice') }), COPIED.length),
    room: list(id(), 1000),
    key: onceKey(),
  })
  .refine((form) => form.what.length > 0, { path: ['what'], error: message('roomCopy.problem.what') })
  .refine((form) => form.room.length > 0, { path: ['room'], error: message('roomCopy.problem.room') });
