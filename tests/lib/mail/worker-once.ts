// A worker that sends what is due, in a process of its own so that a test can kill it.
import { pino } from 'pino';
import type { Config } from '../../../src/config.js';
import { createDb } from '../../../src/lib/db/db.js';
import { deliverDue } from '../../../src/lib/mail/deliver.js';
import { asNotice } from '../../../src/lib/mail/renderer.js';

const config = JSON.parse(process.argv[2] ?? '') as Config;
const at = new Date('2031-01-01T00:00:00Z');
await deliverDue(
  {
    db: createDb(config.databaseUrl ?? ''),
    config,
    clock: { now: () => at },
    log: pino({ level: 'silent' }),
  },
  {
    'test.note': () => Promise.resolve({ subject: 'Note', text: 'x', html: 'x' }),
    'test.reminder': asNotice(({ delivery }) =>
      Promise.resolve({ subject: `Reminder ${String(delivery.payload.n)}`, text: 'x', html: 'x' }),
    ),
  },
);
