/** How much of the decision came from the voice and how much from the face. */
import type { Estimate } from "../lib/estimate";
import { percent } from "../lib/format";
import { strings } from "../strings";

export function StreamWeights({ estimate }: { estimate: Estimate | undefined }) {
  const voice = estimate?.audio_weight ?? 0;
  const face = estimate?.video_weight ?? 0;
  const nothing = voice + face === 0;
  return (
    <div className="weights">
      <div className="split" aria-hidden="true">
        <span className="voice" style={{ width: `${100 * voice}%` }} />
        <span className="face" style={{ width: `${100 * face}%` }} />
      </div>
      <p>
        {nothing ? (
          strings.noStreamUsed
        ) : (
          <>
            <span>
              {strings.voice} {percent(voice)}
            </span>
            <span>
              {strings.face} {percent(face)}
            </span>
          </>
        )}
      </p>
    </div>
  );
}
