import assert from "node:assert/strict";
import { test } from "node:test";

import { sparkline } from "../src/live";

test("a sparkline fills its box", () => {
  assert.equal(sparkline([0, 1], 100, 20), "M0.0,20.0L100.0,0.0");
});

test("values that are not finite leave a gap", () => {
  assert.equal(sparkline([0, null, 2], 100, 20), "M0.0,20.0M100.0,0.0");
  assert.equal(sparkline([null], 100, 20), "");
});

test("one value, or equal values, lie in the middle", () => {
  assert.equal(sparkline([5], 100, 20), "M50.0,10.0");
  assert.equal(sparkline([5, 5], 100, 20), "M0.0,10.0L100.0,10.0");
});
