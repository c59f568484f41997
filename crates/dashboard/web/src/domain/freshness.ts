/** All in seconds. The browser's clock may be wrong; ages are measured on the server's. */
export interface Receipt {
  /** When the server made the answer, by its clock. */
  readonly generatedAt: number;
  /** When the answer arrived, by the browser's clock. */
  readonly receivedAt: number;
}

export function serverNow(now: number, receipt: Receipt): number {
  return receipt.generatedAt + Math.max(0, now - receipt.receivedAt);
}

export function ageOf(sampleAt: number, now: number, receipt: Receipt): number {
  return Math.max(0, serverNow(now, receipt) - sampleAt);
}

/**
 * Samples older than this are stale: three scrapes, and one refresh on top, since between two refreshes the page
 * cannot have seen newer ones.
 */
export function staleAfter(scrapeInterval: number, refresh: number): number {
  return 3 * scrapeInterval + refresh;
}
