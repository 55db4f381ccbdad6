import type { Route } from '../lib/http/route.js';
import { groupRoutes } from './groupRoutes.js';
import { importRoutes } from './importRoutes.js';
import { personRoutes } from './personRoutes.js';
import { unitRoutes } from './unitRoutes.js';

export const routes: Route[] = [...importRoutes, ...groupRoutes, ...personRoutes, ...unitRoutes];
