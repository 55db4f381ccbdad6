import { z } from 'zod';
import { flag, onceKey, optionalId } from '../lib/http/fields.js';

/** Whose meetings: a room's, or one's own when none is named. */
export const FeedForm = z.strictObject({ room: optionalId(), busy_only: flag(), key: onceKey() });
