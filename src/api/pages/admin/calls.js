/** What operators ask the server for. */

import { ROOT, ask } from "../common/api.js";

const ADMIN = `${ROOT}/api/admin`;

export const EVENTS = `${ADMIN}/events`;
export const get = async (path, signal) => (await ask("GET", `${ADMIN}${path}`, { signal })).data;
export const post = async (path, body) => (await ask("POST", `${ADMIN}${path}`, { body })).data;
export const patch = async (path, body) => (await ask("PATCH", `${ADMIN}${path}`, { body })).data;
export const remove = async (path) => (await ask("DELETE", `${ADMIN}${path}`)).data;
