/** What stands beside a face: the newest estimate of that person. */
import { isWithheld, labelsOf, type Estimate } from "./estimate";
import { percent } from "./format";
import { markOf } from "./palette";

const UNKNOWN = { text: "", color: "#ffffff" };

export function captionAt(
  estimates: readonly Estimate[],
  subject: string,
): { text: string; color: string } {
  const own = estimates.findLast((each) => each.subject === subject);
  if (!own?.emotion) return UNKNOWN;
  const mark = markOf(own.emotion, labelsOf([own]));
  const doubt = isWithheld(own) ? "?" : "";
  return {
    text: `${mark.shape} ${own.emotion}${doubt} ${percent(own.confidence)}`,
    color: mark.color,
  };
}
