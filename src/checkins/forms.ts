import { z } from 'zod';
import { whole } from '../lib/http/fields.js';

export const CheckInForm = z.strictObject({});
export const ExtensionForm = z.strictObject({ minutes: whole(5, 120) });
export type ExtensionForm = z.output<typeof ExtensionForm>;
