/** The newest preview image with what was found in it. */
import { useEffect, useRef } from "react";
import type { Preview } from "../api/live";
import { strings } from "../strings";
import { FaceOverlay } from "./FaceOverlay";

interface Props {
  preview: Preview | null;
  redacted: boolean;
  caption: (subject: string) => { text: string; color: string };
}

export function CameraView({ preview, redacted, caption }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const jpeg = preview?.jpeg;
  useEffect(() => {
    if (!jpeg) return;
    let overtaken = false;
    void createImageBitmap(jpeg).then(
      (picture) => {
        const target = canvas.current;
        if (!overtaken && target) {
          if (target.width !== picture.width || target.height !== picture.height) {
            target.width = picture.width;
            target.height = picture.height;
          }
          target.getContext("2d")?.drawImage(picture, 0, 0);
        }
        picture.close();
      },
      () => undefined,
    ); // a broken image: the next one comes at once
    return () => {
      overtaken = true;
    };
  }, [jpeg]);
  if (!preview)
    return (
      <div className="camera empty">
        <p>{redacted ? strings.redacted : strings.noImage}</p>
      </div>
    );
  return (
    <div
      className="camera"
      style={{ aspectRatio: `${preview.image.width} / ${preview.image.height}` }}
    >
      <canvas ref={canvas} role="img" aria-label={strings.camera} />
      <FaceOverlay image={preview.image} faces={preview.faces} caption={caption} />
    </div>
  );
}
