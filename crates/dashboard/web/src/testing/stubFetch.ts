import { vi } from "vitest";

export type Answer = { readonly status?: number; readonly body: unknown } | "unreachable";

/** Answers by the path of the request, newest rule first; every request is kept. */
export function stubFetch(rules: Record<string, Answer | (() => Answer)>) {
  const asked: string[] = [];
  const stub = vi.fn(async (input: RequestInfo | URL): Promise<Response> => {
    const url = new URL(String(input), "http://signalbox");
    asked.push(`${url.pathname}${url.search}`);
    const rule = rules[url.pathname];
    const answer = typeof rule === "function" ? rule() : rule;
    if (answer === undefined) throw new Error(`nothing answers ${url.pathname}`);
    if (answer === "unreachable") throw new TypeError("failed to fetch");
    return new Response(JSON.stringify(answer.body), {
      status: answer.status ?? 200,
      headers: { "content-type": "application/json" },
    });
  });
  vi.stubGlobal("fetch", stub);
  return { asked };
}
