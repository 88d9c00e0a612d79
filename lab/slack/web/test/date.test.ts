import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, dayHeading, formatToken, fromLocalInput, toLocalInput } from "../src/text/date.ts";

const NIGHT = Date.UTC(2026, 0, 15, 3, 12, 1) / 1000;
const DAY = 86_400;

test("tokens are told in the reader's time zone", () => {
  assert.equal(formatToken("{date_num} {time_secs}", NIGHT, "Europe/London", NIGHT), "2026-01-15 03:12:01");
  assert.equal(formatToken("{date_num} {time}", NIGHT, "America/New_York", NIGHT), "2026-01-14 22:12");
  assert.equal(formatToken("{date_short}, {nonsense}", NIGHT, "UTC", NIGHT), "15 Jan 2026, {nonsense}");
});

test("pretty dates know yesterday, today and tomorrow of the reader", () => {
  assert.equal(formatToken("{date_pretty} at {time}", NIGHT, "UTC", NIGHT + DAY), "yesterday at 03:12");
  assert.equal(formatToken("{date_short_pretty}", NIGHT, "UTC", NIGHT - DAY), "tomorrow");
  assert.equal(formatToken("{date_pretty}", NIGHT, "America/New_York", NIGHT + 4 * 3600), "yesterday");
  assert.match(formatToken("{date_long_pretty}", NIGHT, "UTC", NIGHT + 9 * DAY), /^Thursday,? 15 January 2026$/);
  assert.equal(dayHeading(NIGHT, "UTC", NIGHT), "Today");
});

test("spans of time", () => {
  assert.deepEqual([3, 59, 61, 7300, 3 * DAY, -7300].map(ago), [
    "just now",
    "59 seconds ago",
    "1 minute ago",
    "2 hours ago",
    "3 days ago",
    "in 2 hours",
  ]);
});

test("what a picker shows in a zone is read back as the same moment, across changes of the clocks too", () => {
  const summer = Date.UTC(2026, 2, 29, 1, 30) / 1000;
  for (const moment of [NIGHT - 1, summer, summer - 3600, summer + 7200]) {
    const minute = moment - (moment % 60);
    for (const zone of ["Europe/London", "America/New_York", "Asia/Kolkata"]) {
      assert.equal(fromLocalInput(toLocalInput(minute, zone), zone), minute, `${minute} in ${zone}`);
    }
  }
});
