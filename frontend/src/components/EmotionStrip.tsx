/** One band over time: which emotion led when; hatched where the estimate was withheld. */
import type { KeyboardEvent, MouseEvent } from "react";
import type { Episode } from "../lib/episodes";
import { clock, seconds } from "../lib/format";
import { markOf } from "../lib/palette";
import { strings } from "../strings";

interface Props {
  episodes: readonly Episode[];
  labels: readonly string[];
  start: number;
  end: number;
  /** Where the player stands; undefined: nowhere. */
  position?: number | undefined;
  onSeek?: ((time: number) => void) | undefined;
}

const STEP_S = 0.5;

export function EmotionStrip({ episodes, labels, start, end, position, onSeek }: Props) {
  const length = Math.max(1e-6, end - start);
  const left = (time: number) =>
    `${(100 * (Math.max(start, Math.min(end, time)) - start)) / length}%`;
  const seekAt = (event: MouseEvent<HTMLDivElement>) => {
    const area = event.currentTarget.getBoundingClientRect();
    onSeek?.(start + (length * (event.clientX - area.left)) / Math.max(1, area.width));
  };
  const step = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -STEP_S, ArrowRight: STEP_S, Home: -Infinity, End: Infinity }[
      event.key
    ];
    if (by === undefined) return;
    event.preventDefault();
    onSeek?.(Math.max(start, Math.min(end, (position ?? start) + by)));
  };
  const asSlider = onSeek
    ? {
        role: "slider",
        tabIndex: 0,
        "aria-label": strings.seek,
        "aria-valuemin": start,
        "aria-valuemax": end,
        "aria-valuenow": position ?? start,
        "aria-valuetext": clock(position ?? start),
        onClick: seekAt,
        onKeyDown: step,
      }
    : { role: "img", "aria-label": strings.strip };
  return (
    <div className="strip" {...asSlider}>
      {episodes
        .filter((each) => each.end > start && each.start < end)
        .map((each) => {
          const mark = markOf(each.emotion, labels);
          const share = (Math.min(end, each.end) - Math.max(start, each.start)) / length;
          return (
            <span
              key={each.start}
              className={each.withheld ? "withheld" : ""}
              style={{ left: left(each.start), width: `${100 * share}%`, background: mark.color }}
              title={`${each.emotion}, ${clock(each.start)}, ${seconds(each.end - each.start)}${each.withheld ? `, ${strings.withheld}` : ""}`}
            >
              {share > 0.03 ? mark.shape : ""}
            </span>
          );
        })}
      {position !== undefined && <i className="cursor" style={{ left: left(position) }} />}
    </div>
  );
}
