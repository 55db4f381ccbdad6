import type { Route } from '../lib/http/route.js';
import { departureRoutes } from './departureRoutes.js';
import { logRoutes } from './logRoutes.js';
import { movingRoutes } from '../imports/routes.js';
import { officeRoutes } from './officeRoutes.js';
import { outboxRoutes } from './outboxRoutes.js';
import { personDataRoutes } from './personDataRoutes.js';
import { setupRoutes } from '../setup/routes.js';

export const routes: Route[] = [
  ...setupRoutes,
  ...officeRoutes,
  ...logRoutes,
  ...outboxRoutes,
  ...departureRoutes,
  ...personDataRoutes,
  ...movingRoutes,
];
