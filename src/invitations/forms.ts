import { z } from 'zod';
import { version } from '../lib/http/fields.js';

export const SendForm = z.strictObject({ version: version().optional() });
