import { episodesOf } from "../src/lib/episodes";
import { indexAt, labelsOf, subjectsOf } from "../src/lib/estimate";
import { clock, percent, signed } from "../src/lib/format";
import { captionAt } from "../src/lib/caption";
import { markOf } from "../src/lib/palette";
import { estimate, LABELS } from "./estimates";

describe("episodes", () => {
  it("join estimates of one label and hold each until the next", () => {
    const found = episodesOf([
      estimate(1, "sad"),
      estimate(1.25, "sad"),
      estimate(1.5, "happy"),
      estimate(1.75, "happy"),
    ]);
    expect(found).toEqual([
      { emotion: "sad", start: 1, end: 1.5, withheld: false },
      { emotion: "happy", start: 1.5, end: 2, withheld: false },
    ]);
  });
  it("leave a gap where nothing was estimated for a while", () => {
    const found = episodesOf([estimate(1, "sad"), estimate(9, "sad")]);
    expect(found.map(({ start, end }) => [start, end])).toEqual([
      [1, 2],
      [9, 9.25],
    ]);
  });
  it("set withheld estimates apart, and skip those that say nothing", () => {
    const found = episodesOf([
      estimate(1, "sad"),
      estimate(1.25, "sad", { flags: ["WITHHELD"] }),
      estimate(1.5, null),
    ]);
    expect(found.map(({ withheld }) => withheld)).toEqual([false, true]);
    expect(found.at(-1)?.end).toBe(1.5);
  });
});

describe("estimates", () => {
  const all = [estimate(1, null), estimate(2, "sad"), estimate(3, "happy", { subject: "2" })];
  it("are found by time", () => {
    expect([0.5, 1, 2.9, 99].map((time) => indexAt(all, time))).toEqual([-1, 0, 1, 2]);
    expect(indexAt([], 1)).toBe(-1);
  });
  it("name their classes and people", () => {
    expect(labelsOf(all)).toEqual(LABELS);
    expect(labelsOf([])).toEqual([]);
    expect(subjectsOf(all)).toEqual(["1", "2"]);
  });
  it("caption a face with the newest estimate of that person, and doubt with a question mark", () => {
    expect(captionAt(all, "2").text).toBe("▲ happy 65 %");
    expect(captionAt([estimate(1, "sad", { flags: ["WITHHELD"] })], "1").text).toBe("▼ sad? 65 %");
    expect(captionAt(all, "7").text).toBe("");
  });
});

describe("marks", () => {
  it("give each emotion its own colour and its own shape", () => {
    const marks = LABELS.map((label) => markOf(label));
    expect(new Set(marks.map(({ color }) => color)).size).toBe(LABELS.length);
    expect(new Set(marks.map(({ shape }) => shape)).size).toBe(LABELS.length);
  });
  it("exist for the classes of other models too", () => {
    expect(markOf("bored", ["bored", "keen"])).not.toEqual(markOf("keen", ["bored", "keen"]));
    expect(markOf(null).shape).toBe("–");
  });
});

describe("numbers", () => {
  it("read as people write them", () => {
    expect([0, 75.3, 3675].map((time) => clock(time))).toEqual(["0:00", "1:15", "1:01:15"]);
    expect(clock(61.27, 1)).toBe("1:01.2");
    expect([0.256, 1].map(percent)).toEqual(["26 %", "100 %"]);
    expect([0.5, -0.25, null].map(signed)).toEqual(["+0.50", "−0.25", "–"]);
  });
});
