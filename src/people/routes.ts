import type { Route } from '../lib/http/route.js';
import { groupRoutes } from './groupRoutes.js';
import { importRoutes } from '../imports/peopleImportRoutes.js';
import { personRoutes } from './personRoutes.js';
import { unitRoutes } from './unitRoutes.js';

export const routes: Route[] = [...importRoutes, ...groupRoutes, ...personRoutes, ...unitRoutes];
