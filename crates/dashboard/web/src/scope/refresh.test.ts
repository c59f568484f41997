import { expect, test } from "vitest";
import { nextDelay } from "./refresh.ts";

const AT = 1_700_000_000_500; // half a second: no jitter either way

test("off is never", () => {
  expect(nextDelay(0, { dataAt: AT, errorAt: 0, isFailing: false })).toBe(false);
});

test("an answer is followed by the usual pause, give or take a tenth", () => {
  expect(nextDelay(10, { dataAt: AT, errorAt: 0, isFailing: false })).toBe(10_000);
  expect(nextDelay(10, { dataAt: AT - 500, errorAt: 0, isFailing: false })).toBe(9_000);
  expect(nextDelay(10, { dataAt: AT + 499, errorAt: 0, isFailing: false })).toBe(10_998);
});

test("each failure doubles the pause, up to two minutes", () => {
  let errorAt = AT + 10_000;
  const delays: (number | false)[] = [];
  for (let failure = 0; failure < 6; failure++) {
    const delay = nextDelay(10, { dataAt: AT, errorAt, isFailing: true });
    delays.push(delay);
    errorAt += delay || 0;
  }
  expect(delays).toEqual([10_000, 20_000, 40_000, 80_000, 120_000, 120_000]);
});

test("a page that never had data keeps trying at the usual pace", () => {
  expect(nextDelay(30, { dataAt: 0, errorAt: AT, isFailing: true })).toBe(30_000);
});
