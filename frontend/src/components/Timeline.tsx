/** Probabilities, or valence and arousal, over time: hover for values, drag to zoom, click to seek. */
import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { episodesOf } from "../lib/episodes";
import { isAvailable, labelsOf, type Estimate } from "../lib/estimate";
import { clock } from "../lib/format";
import { markOf } from "../lib/palette";
import { strings } from "../strings";
import { EmotionStrip } from "./EmotionStrip";
import { TimelineTable } from "./TimelineTable";
import { useTheme } from "./useTheme";
import { useWidth } from "./useWidth";

type View = "probabilities" | "affect" | "table";

interface Props {
  estimates: readonly Estimate[];
  start: number;
  end: number;
  position?: number | undefined;
  onSeek?: (time: number) => void;
}

const HEIGHT = 220;
/** Width of the axis, and room beside the chart; the strip above keeps the same (figures.css). */
const AXIS_PX = 52;
const RIGHT_PX = 12;
const DASHES: number[][] = [[], [6, 3], [2, 2], [10, 4]];

export function Timeline({ estimates, start, end, position, onSeek }: Props) {
  const [view, setView] = useState<View>("probabilities");
  const [zoom, setZoom] = useState<[number, number] | null>(null);
  const labels = useMemo(() => labelsOf(estimates), [estimates]);
  const episodes = useMemo(() => episodesOf(estimates), [estimates]);
  const [from, to] = zoom ?? [start, end];
  return (
    <section className="timeline" aria-label={strings.timeline}>
      <div className="toolbar">
        <div role="group" aria-label={strings.show}>
          {(["probabilities", "affect", "table"] as const).map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={view === name}
              onClick={() => setView(name)}
            >
              {strings.views[name]}
            </button>
          ))}
        </div>
        <div role="group" aria-label={strings.zoom}>
          <button type="button" onClick={() => setZoom(scaled(from, to, 0.5, position))}>
            {strings.zoomIn}
          </button>
          <button type="button" disabled={!zoom} onClick={() => setZoom(null)}>
            {strings.zoomAll}
          </button>
        </div>
      </div>
      <EmotionStrip
        episodes={episodes}
        labels={labels}
        start={from}
        end={to}
        position={position}
        onSeek={onSeek}
      />
      {view === "table" ? (
        <TimelineTable
          estimates={estimates.filter((each) => each.time >= from && each.time <= to)}
          onSeek={onSeek}
        />
      ) : (
        <Chart
          key={view}
          view={view}
          estimates={estimates}
          labels={labels}
          from={from}
          to={to}
          position={position}
          onZoom={setZoom}
          onSeek={onSeek}
        />
      )}
    </section>
  );
}

function scaled(
  from: number,
  to: number,
  factor: number,
  position: number | undefined,
): [number, number] {
  const inside = position !== undefined && position > from && position < to;
  const middle = inside ? position : (from + to) / 2;
  const half = ((to - from) * factor) / 2;
  return [middle - half, middle + half];
}

interface ChartProps {
  view: Exclude<View, "table">;
  estimates: readonly Estimate[];
  labels: readonly string[];
  from: number;
  to: number;
  position: number | undefined;
  onZoom: (range: [number, number] | null) => void;
  onSeek: ((time: number) => void) | undefined;
}

function Chart({ view, estimates, labels, from, to, position, onZoom, onSeek }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const actions = useRef({ onZoom, onSeek });
  actions.current = { onZoom, onSeek };
  const width = useWidth(host);
  const theme = useTheme();
  const names = view === "affect" ? AFFECT : labels;
  const key = names.join();

  useEffect(() => {
    const node = host.current;
    if (!node || width === 0) return;
    const made = new uPlot(options(view, names, width, actions), columns(view, names, []), node);
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [view, key, width, theme]);

  useEffect(() => {
    const made = plot.current;
    if (!made) return;
    made.setData(columns(view, names, estimates), false);
    made.setScale("x", { min: from, max: to });
  }, [view, key, width, theme, estimates, from, to]);

  useEffect(() => {
    const line = host.current?.querySelector<HTMLElement>(".position");
    if (!line) return;
    const visible = position !== undefined && position >= from && position <= to;
    line.hidden = !visible;
    if (visible) {
      const share = (position - from) / (to - from);
      line.style.left = `${AXIS_PX + share * (width - AXIS_PX - RIGHT_PX)}px`;
    }
  }, [position, from, to, width]);

  return (
    <div className="chart" ref={host} role="img" aria-label={strings.chart(view)}>
      <i className="position" hidden />
    </div>
  );
}

const AFFECT = ["valence", "arousal"];

/** Columns as uPlot takes them; an estimate that is not available breaks the lines. */
function columns(
  view: View,
  names: readonly string[],
  estimates: readonly Estimate[],
): uPlot.AlignedData {
  const value = (each: Estimate, name: string): number | null => {
    if (!isAvailable(each)) return null;
    if (view === "affect") return name === "valence" ? each.valence : each.arousal;
    return each.probabilities[name] ?? null;
  };
  return [
    estimates.map((each) => each.time),
    ...names.map((name) => estimates.map((each) => value(each, name))),
  ] as uPlot.AlignedData;
}

function options(
  view: View,
  names: readonly string[],
  width: number,
  actions: { current: Pick<ChartProps, "onZoom" | "onSeek"> },
): uPlot.Options {
  const ink = resolved("--ink-2");
  const grid = { stroke: resolved("--line"), width: 1 };
  const color = (name: string) =>
    view === "affect"
      ? resolved(name === "valence" ? "--face" : "--voice")
      : markOf(name, names).color;
  let pressed = 0; // where the pointer went down: a click is a drag that goes nowhere
  return {
    width,
    height: HEIGHT,
    padding: [8, RIGHT_PX, 0, 0],
    cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
    legend: { live: true },
    scales: {
      x: { time: false, auto: false },
      y: { auto: false, range: view === "affect" ? [-1, 1] : [0, 1] },
    },
    axes: [
      {
        stroke: ink,
        grid,
        ticks: grid,
        values: (_, ticks, __, ___, step) => ticks.map((tick) => clock(tick, step < 1 ? 1 : 0)),
      },
      {
        stroke: ink,
        grid,
        ticks: grid,
        size: AXIS_PX,
        values: (_, ticks) =>
          ticks.map((tick) => (view === "affect" ? tick.toFixed(1) : `${Math.round(100 * tick)}%`)),
      },
    ],
    series: [
      { label: strings.time, value: (_, time) => (time === null ? "–" : clock(time, 1)) },
      ...names.map((name, index) => ({
        label: view === "affect" ? name : `${markOf(name, names).shape} ${name}`,
        stroke: color(name),
        width: 2,
        dash: DASHES[index % DASHES.length] ?? [],
        points: { show: false },
        value: (_: uPlot, value: number | null) => (value === null ? "–" : value.toFixed(2)),
      })),
    ],
    hooks: {
      ready: [
        (made) => {
          made.over.addEventListener("pointerdown", (event) => (pressed = event.clientX));
          made.over.addEventListener("click", (event) => {
            if (Math.abs(event.clientX - pressed) > 4) return;
            actions.current.onSeek?.(
              made.posToVal(event.clientX - made.over.getBoundingClientRect().left, "x"),
            );
          });
          made.over.addEventListener("dblclick", () => actions.current.onZoom(null));
        },
      ],
      setSelect: [
        (made) => {
          if (made.select.width < 5) return;
          const range: [number, number] = [
            made.posToVal(made.select.left, "x"),
            made.posToVal(made.select.left + made.select.width, "x"),
          ];
          made.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          actions.current.onZoom(range);
        },
      ],
    },
  };
}

/** A colour of the style sheet as a canvas takes it: `light-dark()` is settled only in use. */
function resolved(variable: string): string {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = `var(${variable})`;
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}
