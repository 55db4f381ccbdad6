import { z } from 'zod';
import { choice, line, version } from '../lib/http/fields.js';

export const PhotoForm = z.strictObject({ photo_alt: line(300), version: version() });
export const PhotoTextForm = z.strictObject({ alt: line(300), version: version() });
export const PhotoMoveForm = z.strictObject({ to: choice(['earlier', 'later']), version: version() });
export const PhotoRemovalForm = z.strictObject({ version: version() });
