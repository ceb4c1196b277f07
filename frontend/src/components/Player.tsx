/** Plays the visitor's own file (the server keeps none) with the faces that were found drawn over it. */
import { useEffect, useRef, useState } from "react";
import type { FaceTrack } from "../api/analysis";
import { indexAt, type Estimate } from "../lib/estimate";
import { captionAt } from "../lib/caption";
import { strings } from "../strings";
import { FaceOverlay } from "./FaceOverlay";

interface Props {
  url: string;
  estimates: readonly Estimate[];
  faces: FaceTrack | null;
  position: number;
  /** A number that grows with each wish to move the player to `position`. */
  seeks: number;
  onPosition: (time: number) => void;
}

/** A face is drawn for so long after the image in which it was found. */
const HOLD_S = 0.3;

export function Player({ url, estimates, faces, position, seeks, onPosition }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const [unplayable, setUnplayable] = useState(false);

  useEffect(() => {
    if (seeks > 0 && video.current) video.current.currentTime = position;
    // only when asked: `position` follows the player otherwise
  }, [seeks]);

  useEffect(() => {
    let request = 0;
    const tell = () => {
      const player = video.current;
      if (player && !player.paused) onPosition(player.currentTime);
      request = requestAnimationFrame(tell);
    };
    request = requestAnimationFrame(tell);
    return () => cancelAnimationFrame(request);
  }, [onPosition]);

  if (unplayable) return <p className="hint">{strings.noPlayer}</p>;
  const frame = faces?.frames.findLast((each) => each.time <= position + 0.02);
  const shown = frame && position - frame.time < HOLD_S ? frame.faces : [];
  const until = estimates.slice(0, indexAt(estimates, position) + 1);
  return (
    <div className="camera player">
      <video
        ref={video}
        src={url}
        controls
        playsInline
        aria-label={strings.player}
        onError={() => setUnplayable(true)}
        onTimeUpdate={(event) => onPosition(event.currentTarget.currentTime)}
        onSeeked={(event) => onPosition(event.currentTarget.currentTime)}
      />
      {faces?.image && (
        <FaceOverlay
          image={faces.image}
          faces={shown}
          caption={(subject) => captionAt(until, subject)}
        />
      )}
    </div>
  );
}
