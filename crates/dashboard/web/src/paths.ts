import { type Scope, searchOf } from "./scope/parse.ts";

/** Every address of the app. Each carries the scope on, so that a range chosen once holds on all pages. */
export const paths = {
  overview: (scope: Scope) => `/${searchOf(scope)}`,
  environment: (name: string, scope: Scope) => `/env/${encodeURIComponent(name)}${searchOf(scope)}`,
};

/** The same as patterns, for the route table. */
export const patterns = {
  overview: "/",
  environment: "/env/:name",
} as const;
