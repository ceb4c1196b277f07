/**
 * A colour and a shape for each emotion, so that no meaning hangs on colour alone.
 * Colours: Okabe and Ito, Color Universal Design (2008), told apart with any colour vision.
 */

export interface Mark {
  color: string;
  shape: string;
}

const MARKS: Record<string, Mark> = {
  neutral: { color: "#8a8a8a", shape: "●" },
  calm: { color: "#56b4e9", shape: "◆" },
  happy: { color: "#e69f00", shape: "▲" },
  sad: { color: "#0072b2", shape: "▼" },
  angry: { color: "#d55e00", shape: "■" },
  fearful: { color: "#cc79a7", shape: "✚" },
  disgust: { color: "#009e73", shape: "✖" },
  surprised: { color: "#c9bb00", shape: "★" },
};
const SPARE: Mark[] = Object.values(MARKS);
const NOTHING: Mark = { color: "transparent", shape: "–" };

/** The mark of an emotion; a class of a model of your own takes one by its place in `labels`. */
export function markOf(emotion: string | null, labels: readonly string[] = []): Mark {
  if (!emotion) return NOTHING;
  const known = MARKS[emotion];
  if (known) return known;
  const place = Math.max(0, labels.indexOf(emotion));
  return SPARE[place % SPARE.length] ?? NOTHING;
}
