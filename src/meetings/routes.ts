import type { Route } from '../lib/http/route.js';
import { accommodationRoutes } from '../closures/relocationRoutes.js';
import { dayRoutes } from '../checkins/routes.js';
import { followingRoutes } from '../series/followingRoutes.js';
import { formRoutes } from '../bookings/meetingFormRoutes.js';
import { listRoutes } from './listRoutes.js';
import { noShowRoutes } from '../checkins/noShowRoutes.js';
import { participantRoutes } from './participantRoutes.js';
import { planRoutes } from '../series/scheduleRoutes.js';
import { seriesRoutes } from '../series/routes.js';
import { stateRoutes } from './stateRoutes.js';
import { swapRoutes } from '../bookings/swapRoutes.js';
import { waitRoutes } from '../waits/routes.js';

// GET /meetings/:id, the page made of everything, stands in desk/.
export const routes: Route[] = [
  ...listRoutes,
  ...formRoutes,
  ...stateRoutes,
  ...participantRoutes,
  ...planRoutes,
  ...dayRoutes,
  ...seriesRoutes,
  ...followingRoutes,
  ...accommodationRoutes,
  ...swapRoutes,
  ...waitRoutes,
  ...noShowRoutes,
];
