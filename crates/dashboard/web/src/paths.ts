import { type Scope, searchOf } from "./scope/parse.ts";

/** Every address of the app. Each carries the scope on, so that a range chosen once holds on all pages. */
export const paths = {
  overview: (scope: Scope) => `/${searchOf(scope)}`,
  environment: (name: string, scope: Scope) => `/env/${encodeURIComponent(name)}${searchOf(scope)}`,
};

/**
 * The environment that an address names; null for every other address. The router decodes its parameters once too
 * often: "a%2Fb" would be "a/b".
 */
export function environmentIn(pathname: string): string | null {
  const encoded = /^\/env\/([^/]+)\/?$/.exec(pathname)?.[1];
  if (encoded === undefined) return null;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded; // typed by hand, with a lone "%"
  }
}

/** The same as patterns, for the route table. */
export const patterns = {
  overview: "/",
  environment: "/env/:name",
} as const;
