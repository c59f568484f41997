import { type DefaultError, type UseQueryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Answer } from "../api/client.ts";
import { type Failure, toFailure } from "../api/failure.ts";
import { nextDelay } from "./refresh.ts";
import { useScope } from "./useScope.ts";

/** An answer that is kept current. Old data stays while new data is asked for, and when asking fails. */
export interface Live<T> {
  readonly data: T | undefined;
  /** When the data arrived, in seconds by the browser's clock. */
  readonly receivedAt: number;
  /** The data is of another scope than the one asked for; the right one is on its way. */
  readonly isPrevious: boolean;
  /** Why the last try brought nothing. It stays until one succeeds. */
  readonly failure: Failure | null;
  /** When the next try is due, in seconds by the browser's clock; null when none is. */
  readonly nextTryAt: number | null;
  readonly retry: () => void;
}

export function useLive<T, K extends readonly unknown[]>(
  options: UseQueryOptions<Answer<T>, DefaultError, Answer<T>, K>,
): Live<T> {
  const { refresh } = useScope();
  const query = useQuery({
    ...options,
    refetchInterval: ({ state }) =>
      nextDelay(refresh, {
        dataAt: state.dataUpdatedAt,
        errorAt: state.errorUpdatedAt,
        isFailing: state.errorUpdatedAt > state.dataUpdatedAt,
      }),
    refetchOnWindowFocus: refresh !== 0,
  });
  // The query forgets its error while it tries again without data; the page would flicker.
  const [error, setError] = useState<Error | null>(null);
  if (query.error !== null && error !== query.error) setError(query.error);
  if (query.isSuccess && !query.isPlaceholderData && error !== null) setError(null);

  const delay = nextDelay(refresh, {
    dataAt: query.dataUpdatedAt,
    errorAt: query.errorUpdatedAt,
    isFailing: error !== null,
  });
  return {
    data: query.data?.body,
    receivedAt: query.data?.receivedAt ?? 0,
    isPrevious: query.isPlaceholderData,
    failure: error && toFailure(error),
    nextTryAt: error === null || delay === false ? null : (query.errorUpdatedAt + delay) / 1000,
    retry: () => void query.refetch(),
  };
}
