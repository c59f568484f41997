/**
 * The server's sentence, unless the page has grown too old for it: then it says first since when, so that nobody
 * reads yesterday's "healthy" as today's. It names a time, not an age: a sentence that ticks would be read aloud
 * every second.
 */
export function verdict(sentence: string, oldSince: string | null): string {
  return oldSince === null ? sentence : `No new data since ${oldSince}. Last known: ${sentence}`;
}
