import { QueryClient } from "@tanstack/react-query";

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // An appliance has no internet; what the browser calls "offline" says nothing about it.
        networkMode: "always",
        // The refresh interval tries again; trying in between would only hide for how long it has failed.
        retry: false,
        staleTime: 5_000,
        refetchOnReconnect: false,
      },
    },
  });
}
