import type { Route } from '../lib/http/route.js';
import { accommodationRoutes } from './accommodationRoutes.js';
import { dayRoutes } from './dayRoutes.js';
import { followingRoutes } from './followingRoutes.js';
import { formRoutes } from './formRoutes.js';
import { listRoutes } from './listRoutes.js';
import { noShowRoutes } from './noShowRoutes.js';
import { participantRoutes } from './participantRoutes.js';
import { planRoutes } from './planRoutes.js';
import { seriesRoutes } from './seriesRoutes.js';
import { stateRoutes } from './stateRoutes.js';
import { swapRoutes } from './swapRoutes.js';
import { waitRoutes } from './waitRoutes.js';

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
