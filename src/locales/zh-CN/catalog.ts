import { lib } from './lib.js';
import { audit } from './audit.js';
import { people } from './people.js';
import { auth } from './auth.js';
import { rooms } from './rooms.js';
import { meetings } from './meetings.js';
import { invitations } from './invitations.js';
import { calendar } from './calendar.js';
import { calendarViews } from './calendarViews.js';
import { feeds } from './feeds.js';
import { agenda } from './agenda.js';
import { actions } from './actions.js';
import { sitting } from './sitting.js';
import { minutes } from './minutes.js';
import { desk } from './desk.js';
import { admin } from './admin.js';
import { outbox } from './outbox.js';
import { movingIn } from './movingIn.js';

export const zhCN = {
  ...lib,
  ...audit,
  ...people,
  ...auth,
  ...rooms,
  ...meetings,
  ...invitations,
  ...calendar,
  ...calendarViews,
  ...feeds,
  ...agenda,
  ...actions,
  ...sitting,
  ...minutes,
  ...desk,
  ...admin,
  ...outbox,
  ...movingIn,
} as const;
