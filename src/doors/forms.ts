import { z } from 'zod';
import { choice, id, line, onceKey } from '../lib/http/fields.js';

export const DoorDisplayForm = z.strictObject({
  name: line(100),
  lang: choice(['en', 'zh-CN']),
  key: onceKey(),
});
export const DoorMeetingForm = z.strictObject({ meeting: id() });
export const DoorBookingForm = z.strictObject({
  minutes: z.literal(['15', '30', '60']).transform(Number),
  key: onceKey(),
});
export const NothingForm = z.strictObject({});
