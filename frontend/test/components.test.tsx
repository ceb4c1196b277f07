import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { AffectPlane } from "../src/components/AffectPlane";
import { CameraView } from "../src/components/CameraView";
import { DropZone } from "../src/components/DropZone";
import { EmotionBars } from "../src/components/EmotionBars";
import { EmotionStrip } from "../src/components/EmotionStrip";
import { HealthList } from "../src/components/HealthList";
import { Notice } from "../src/components/Notice";
import { StreamWeights } from "../src/components/StreamWeights";
import { SummaryPanel } from "../src/components/SummaryPanel";
import { TimelineTable } from "../src/components/TimelineTable";
import { VoiceMeter } from "../src/components/VoiceMeter";
import { episodesOf } from "../src/lib/episodes";
import { strings } from "../src/strings";
import { estimate, LABELS } from "./estimates";

const SUMMARY = {
  estimates: 10,
  duration: 4,
  available: 0.8,
  coverage: 0.6,
  emotion: "sad",
  shares: { sad: 0.75, happy: 0.25 },
  transitions: [{ before: "sad", after: "happy", count: 1 }],
  flips_per_minute: 15,
  strongest: [{ time: 2, subject: "1", emotion: "sad", confidence: 0.9 }],
  mean_confidence: 0.7,
  mean_valence: -0.4,
  mean_arousal: null,
  mean_intensity: null,
  mean_audio_weight: 0.5,
  mean_video_weight: 0.5,
};

async function expectAccessible(container: Element): Promise<void> {
  const { violations } = await axe.run(container, {
    rules: { "color-contrast": { enabled: false } },
  }); // needs a layout
  expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
}

afterEach(() => localStorage.clear());

it("bars give every class with its probability", async () => {
  const { container } = render(<EmotionBars estimate={estimate(1, "happy")} labels={LABELS} />);
  const items = screen.getAllByRole("listitem");
  expect(items).toHaveLength(8);
  expect(items[2]?.textContent).toContain("happy65 %");
  expect(items[2]?.className).toBe("first");
  await expectAccessible(container);
});

it("bars mark what is withheld, and say so where there is nothing", () => {
  const { rerender } = render(
    <EmotionBars estimate={estimate(1, "sad", { flags: ["WITHHELD"] })} labels={LABELS} />,
  );
  expect(document.querySelector(".withheld")?.textContent).toContain("sad");
  rerender(<EmotionBars estimate={undefined} labels={[]} />);
  expect(screen.getByText(strings.noEstimateYet)).toBeTruthy();
});

it("weights say which stream decided, or that neither did", () => {
  const { rerender } = render(<StreamWeights estimate={estimate(1, "sad")} />);
  expect(screen.getByText(`${strings.voice} 30 %`)).toBeTruthy();
  rerender(<StreamWeights estimate={estimate(1, null, { audio_weight: 0, video_weight: 0 })} />);
  expect(screen.getByText(strings.noStreamUsed)).toBeTruthy();
});

it("the plane puts pleasant to the right and excited to the top", () => {
  render(
    <AffectPlane estimates={[estimate(1, "happy", { valence: 1, arousal: 1 })]} labels={LABELS} />,
  );
  const now = document.querySelector("circle.now");
  expect(Number(now?.getAttribute("cx"))).toBeGreaterThan(100);
  expect(Number(now?.getAttribute("cy"))).toBeLessThan(100);
});

it("the plane says when valence and arousal are unknown", () => {
  render(
    <AffectPlane
      estimates={[estimate(1, "happy", { valence: null, arousal: null })]}
      labels={LABELS}
    />,
  );
  expect(screen.getByRole("img").getAttribute("aria-label")).toBe(strings.affectUnknown);
});

it("the strip is a slider that arrow keys move", async () => {
  const seek = vi.fn();
  const { container } = render(
    <EmotionStrip
      episodes={episodesOf([estimate(0, "sad")])}
      labels={LABELS}
      start={0}
      end={10}
      position={5}
      onSeek={seek}
    />,
  );
  screen.getByRole("slider").focus();
  await userEvent.keyboard("{ArrowRight}{ArrowLeft}{Home}{End}");
  expect(seek.mock.calls.map(([time]) => time as number)).toEqual([5.5, 4.5, 0, 10]);
  await expectAccessible(container);
});

it("the table names flags in words and seeks", async () => {
  const seek = vi.fn();
  render(
    <TimelineTable
      estimates={[estimate(61.25, "sad", { flags: ["NO_SPEECH", "WITHHELD"] })]}
      onSeek={seek}
    />,
  );
  expect(screen.getByText(`no speech, ${strings.withheld}`)).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "1:01.2" }));
  expect(seek).toHaveBeenCalledWith(61.25);
});

it("the summary gives shares, transitions, moments and means", async () => {
  const seek = vi.fn();
  const { container } = render(<SummaryPanel summary={SUMMARY} onSeek={seek} />);
  for (const text of ["75 %", "sad → happy (1)", "−0.40", "70 %", "80 %", "15.0"])
    expect(screen.getByText(text)).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "0:02 sad 90 %" }));
  expect(seek).toHaveBeenCalledWith(2);
  await expectAccessible(container);
});

it("health lists the worst first", () => {
  const report = (name: string, level: "ok" | "error") => ({
    name,
    level,
    message: "m",
    values: { rate: "3" },
  });
  render(<HealthList reports={[report("image", "ok"), report("audio", "error")]} />);
  const names = screen
    .getAllByRole("listitem")
    .map((item) => within(item).getByText(/image|audio/).textContent);
  expect(names).toEqual(["audio", "image"]);
});

it("files may be chosen or dropped", async () => {
  const take = vi.fn();
  const { container } = render(<DropZone accepted={[".mp4"]} onFile={take} />);
  const file = new File(["x"], "a.mp4", { type: "video/mp4" });
  const input = container.querySelector("input");
  if (input) await userEvent.upload(input, file);
  expect(take).toHaveBeenCalledWith(file);
});

it("the notice is shown until it is agreed to, once a browser", async () => {
  HTMLDialogElement.prototype.showModal = function (this: HTMLDialogElement) {
    this.open = true;
  };
  const { unmount } = render(<Notice />);
  await userEvent.click(screen.getByRole("button", { name: strings.noticeAgree }));
  expect(screen.queryByRole("dialog")).toBeNull();
  unmount();
  render(<Notice />);
  expect(screen.queryByRole("dialog")).toBeNull();
});

it("says of a redacted robot that neither image nor sound is shown", () => {
  const silence = { levelDb: null, columns: [], before: 0 };
  render(
    <>
      <CameraView preview={null} redacted caption={() => ({ text: "", color: "" })} />
      <VoiceMeter sound={silence} speech={false} redacted />
    </>,
  );
  expect(screen.getAllByText(strings.redacted)).toHaveLength(2);
  expect(screen.queryByRole("meter")).toBeNull();
});
