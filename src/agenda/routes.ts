import type { Route } from '../lib/http/route.js';
import { agendaRoutes } from './agendaRoutes.js';
import { backlogRoutes } from './backlogRoutes.js';
import { copyRoutes } from './copyRoutes.js';
import { itemRoutes } from './itemRoutes.js';
import { paperRoutes } from './paperRoutes.js';

export const routes: Route[] = [
  ...agendaRoutes,
  ...itemRoutes,
  ...paperRoutes,
  ...backlogRoutes,
  ...copyRoutes,
];
